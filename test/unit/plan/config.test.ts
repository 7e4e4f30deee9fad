import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ContainerConfig } from '../../../src/oci/image-config.ts'
import { configOf, errorOf, historyOf, plan, stepsOf } from './planning.ts'

const second = 1_000_000_000

const changes: readonly {
  readonly instructions: string
  readonly config: Partial<ContainerConfig>
  readonly history?: readonly string[]
}[] = [
  {
    instructions: 'ENV A=1 B="two words"\nENV A=3',
    config: { Env: ['PATH=/bin', 'A=3', 'B=two words'] },
    history: ['ENV A=1 B=two words', 'ENV A=3'],
  },
  { instructions: `ENV A=1\nENV A=2 B=$A C=\${A}$B`, config: { Env: ['PATH=/bin', 'A=2', 'B=1', 'C=1'] } },
  { instructions: 'ENV PATH=$PATH:/more', config: { Env: ['PATH=/bin:/more'] } },
  { instructions: 'ARG N=NAME\nENV $N=1', config: { Env: ['PATH=/bin', 'NAME=1'] } },
  {
    instructions: 'LABEL a=1 "b c"="d e"\nLABEL a=$UNSET',
    config: { Labels: { a: '', 'b c': 'd e' } },
    history: ['LABEL a=1 b c=d e', 'LABEL a='],
  },
  {
    instructions: 'USER me:us\nENV U=you\nUSER $U',
    config: { Env: ['PATH=/bin', 'U=you'], User: 'you' },
    history: ['USER me:us', 'ENV U=you', 'USER you'],
  },
  {
    instructions: 'WORKDIR a/b\nWORKDIR ../c\nWORKDIR ./',
    config: { WorkingDir: '/a/c' },
    history: ['WORKDIR /a/b', 'WORKDIR /a/c', 'WORKDIR /a/c'],
  },
  { instructions: 'WORKDIR /a\nWORKDIR /../..', config: { WorkingDir: '/' }, history: ['WORKDIR /a', 'WORKDIR /'] },
  {
    instructions: 'EXPOSE 443 80/TCP 53/udp 9/sctp 8000-8002 22/',
    config: {
      ExposedPorts: Object.fromEntries(
        ['22/tcp', '443/tcp', '53/udp', '80/tcp', '8000/tcp', '8001/tcp', '8002/tcp', '9/sctp'].map((port) => [
          port,
          {},
        ]),
      ),
    },
    history: ['EXPOSE [22/tcp 443/tcp 53/udp 80/tcp 8000/tcp 8001/tcp 8002/tcp 9/sctp]'],
  },
  {
    instructions: 'ENV P="1 2/udp"\nEXPOSE $P $UNSET 127.0.0.1:80:81 90:91',
    config: {
      Env: ['PATH=/bin', 'P=1 2/udp'],
      ExposedPorts: { '1/tcp': {}, '2/udp': {}, '81/tcp': {}, '91/tcp': {} },
    },
  },
  {
    instructions: 'VOLUME /a "/b"\nVOLUME ["/d"]',
    config: { Volumes: { '/a': {}, '/b': {}, '/d': {} } },
  },
  {
    instructions: 'VOLUME ["/a b", "$PATH"]',
    config: { Volumes: { '/a b': {}, '/bin': {} } },
    history: ['VOLUME [/a b /bin]'],
  },
  {
    instructions: 'CMD a "b"',
    config: { Cmd: ['/bin/sh', '-c', 'a "b"'], ArgsEscaped: true },
    history: ['CMD ["/bin/sh" "-c" "a \\"b\\""]'],
  },
  {
    instructions: 'CMD ["a", "$PATH"]',
    config: { Cmd: ['a', '$PATH'], ArgsEscaped: true },
    history: ['CMD ["a" "$PATH"]'],
  },
  { instructions: 'CMD a\nCMD []', config: { ArgsEscaped: true }, history: ['CMD ["/bin/sh" "-c" "a"]', 'CMD []'] },
  {
    instructions: 'SHELL ["/bin/bash", "-ec"]\nCMD a\nENTRYPOINT b',
    config: {
      Shell: ['/bin/bash', '-ec'],
      Cmd: ['/bin/bash', '-ec', 'a'],
      Entrypoint: ['/bin/bash', '-ec', 'b'],
      ArgsEscaped: true,
    },
    history: ['SHELL [/bin/bash -ec]', 'CMD ["/bin/bash" "-ec" "a"]', 'ENTRYPOINT ["/bin/bash" "-ec" "b"]'],
  },
  { instructions: 'ENTRYPOINT ["a"]\nENTRYPOINT []', config: {} },
  { instructions: `STOPSIGNAL SIG\${S:-TERM}`, config: { StopSignal: 'SIGTERM' }, history: ['STOPSIGNAL SIGTERM'] },
  { instructions: 'STOPSIGNAL 9', config: { StopSignal: '9' } },
  { instructions: 'STOPSIGNAL rtmin+3', config: { StopSignal: 'rtmin+3' } },
  {
    instructions: 'SHELL ["/bin/bash", "-c"]\nHEALTHCHECK CMD test -e $X || exit 1',
    config: { Shell: ['/bin/bash', '-c'], Healthcheck: { Test: ['CMD-SHELL', 'test -e $X || exit 1'] } },
    history: [
      'SHELL [/bin/bash -c]',
      'HEALTHCHECK {Test:[CMD-SHELL test -e $X || exit 1] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s Retries:0}',
    ],
  },
  {
    instructions:
      'HEALTHCHECK --interval=1h --timeout=1m30.5s --start-period=1.5ms --start-interval=2s --retries=4 CMD ["a", "b"]',
    config: {
      Healthcheck: {
        Test: ['CMD', 'a', 'b'],
        Interval: 3600 * second,
        Timeout: 90.5 * second,
        StartPeriod: 1_500_000,
        StartInterval: 2 * second,
        Retries: 4,
      },
    },
    history: [
      'HEALTHCHECK {Test:[CMD a b] Interval:1h0m0s Timeout:1m30.5s StartPeriod:1.5ms StartInterval:2s Retries:4}',
    ],
  },
  { instructions: 'HEALTHCHECK CMD a\nHEALTHCHECK NONE', config: { Healthcheck: { Test: ['NONE'] } } },
  {
    instructions: 'ONBUILD RUN a $X\nONBUILD COPY . /',
    config: { OnBuild: ['RUN a $X', 'COPY . /'] },
    history: ['ONBUILD RUN a $X', 'ONBUILD COPY . /'],
  },
]

for (const { instructions, config, history } of changes) {
  test(`${instructions.replaceAll('\n', ', ')} makes the configuration that BuildKit makes`, async () => {
    assert.deepEqual(await configOf(instructions), { Env: ['PATH=/bin'], ...config })
    if (history !== undefined) assert.deepEqual(await historyOf(instructions), history)
  })
}

const base: ContainerConfig = {
  Env: ['PATH=/usr/bin', 'A=base'],
  Cmd: ['old'],
  Entrypoint: ['start'],
  User: 'someone',
  WorkingDir: '/srv',
  Labels: { a: '1', b: '2' },
  ExposedPorts: { '80/tcp': {} },
  Volumes: { '/v': {} },
  Shell: ['/bin/ash', '-c'],
  StopSignal: 'SIGINT',
  Healthcheck: { Test: ['CMD', 'x'], Retries: 2 },
}
const bases = { 'index.docker.io/library/base:latest': base }

test('a stage starts with everything its base has', async () => {
  assert.deepEqual(await configOf('', { bases }), base)
  const changed = await configOf('WORKDIR sub\nLABEL b=3 c=4\nEXPOSE 81\nRUN x\nCMD y', { bases })
  assert.equal(changed.WorkingDir, '/srv/sub')
  assert.deepEqual(changed.Labels, { a: '1', b: '3', c: '4' })
  assert.deepEqual(changed.ExposedPorts, { '80/tcp': {}, '81/tcp': {} })
  assert.deepEqual(changed.Cmd, ['/bin/ash', '-c', 'y'])
  assert.deepEqual(changed.Entrypoint, ['start'])
})

test('ENTRYPOINT drops the CMD of a base, and keeps one of its own stage', async () => {
  assert.equal((await configOf('ENTRYPOINT ["new"]', { bases })).Cmd, undefined)
  assert.deepEqual((await configOf('CMD ["mine"]\nENTRYPOINT ["new"]', { bases })).Cmd, ['mine'])
  assert.deepEqual((await configOf('ENTRYPOINT ["new"]\nCMD ["mine"]', { bases })).Cmd, ['mine'])
  const child = await plan('FROM base AS p\nCMD ["of p"]\nFROM p\nENTRYPOINT ["new"]\n', { bases })
  assert.equal(child.target.config.Cmd, undefined)
  const inherited = await plan('FROM base AS p\nCMD ["of p"]\nENTRYPOINT ["e"]\nFROM p\n', { bases })
  assert.deepEqual(inherited.target.config.Cmd, ['of p'])
})

test('an empty SHELL of a base is none', async () => {
  const empty = { 'index.docker.io/library/base:latest': { ...base, Shell: [] } }
  assert.deepEqual((await configOf('CMD x', { bases: empty })).Cmd, ['/bin/sh', '-c', 'x'])
})

test('PATH is always set, for the image as well', async () => {
  const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const without = { 'index.docker.io/library/base:latest': { Env: ['A=1'] } }
  assert.deepEqual(await configOf('', { bases: without }), { Env: ['A=1', path] })
  assert.deepEqual(await configOf('', { bases: { 'index.docker.io/library/base:latest': {} } }), { Env: [path] })
  assert.deepEqual((await plan('FROM scratch\n')).target.config, { Env: [path], WorkingDir: '/' })
})

test('the author comes from MAINTAINER, else from the base', async () => {
  assert.equal((await plan('FROM base\n', { author: 'base author' })).target.author, 'base author')
  const own = await plan('FROM base AS a\nMAINTAINER Me <me@x>\nFROM a\n', { author: 'base author' })
  assert.equal(own.target.author, 'Me <me@x>')
  assert.deepEqual(await historyOf('MAINTAINER Me'), ['MAINTAINER Me'])
})

test('labels given to the build win, on the finished image only', async () => {
  const { stages, target } = await plan('FROM base AS a\nLABEL x=1\nFROM a\nLABEL y=2\n', {
    labels: { x: '9', z: '8' },
  })
  assert.deepEqual(target.config.Labels, { x: '9', y: '2', z: '8' })
  assert.deepEqual(stages[0]?.config.Labels, { x: '1' })
  assert.equal(stages.at(-1), target)
})

test('WORKDIR makes a layer unless it is the root', async () => {
  const steps = await stepsOf('FROM base\nUSER me\nWORKDIR /a\nWORKDIR /\n')
  assert.deepEqual(
    steps.map((step) => [step.kind, 'path' in step ? step.path : undefined, 'user' in step ? step.user : undefined]),
    [
      ['config', undefined, undefined],
      ['workdir', '/a', 'me'],
      ['config', undefined, undefined],
    ],
  )
})

for (const [instruction, says] of [
  ['STOPSIGNAL NOSUCH', /"NOSUCH" is not a signal/],
  ['STOPSIGNAL 0', /"0" is not a signal/],
  ['EXPOSE a', /"a" is not a port/],
  ['EXPOSE 70000', /not a port/],
  ['EXPOSE 2-1', /not a port/],
  ['EXPOSE 80/icmp', /not a port/],
  ['EXPOSE 80/tcp/x', /not a port/],
  ['EXPOSE host:80', /not a port/],
  ['VOLUME $UNSET', /VOLUME names an empty path/],
  ['ENV $UNSET=1', /ENV names an empty variable/],
  [`ENV A=\${B:?give-B}`, /B: give-B/],
  [`LABEL a=\${`, /cannot expand/],
] as const) {
  test(`${instruction} is refused with its line`, async () => {
    const error = await errorOf(plan(`FROM base\n\n${instruction}\n`))
    assert.match(error.code, /^dockerfile-(?:syntax|expansion)$/)
    assert.equal(error.where, `Dockerfile:3: ${instruction}`)
    assert.match(`${error.message} ${error.why}`, says)
  })
}
