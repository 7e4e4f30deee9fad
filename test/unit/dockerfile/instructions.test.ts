import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseOnBuild } from '../../../src/dockerfile/parse.ts'
import { errorOf, instruction, parse, said } from './read.ts'

const second = 1_000_000_000
const noTimes = { interval: 0, timeout: 0, startPeriod: 0, startInterval: 0, retries: 0 }
const noOptions = { mounts: [], network: 'default', security: 'sandbox', devices: [] }
const noFlags = { chown: undefined, chmod: undefined, link: false, exclude: [] }
const plainCopy = { ...noFlags, from: undefined, parents: false }

const read: readonly (readonly [text: string, expected: Record<string, unknown>])[] = [
  ['RUN echo "a"  b', { kind: 'RUN', ...noOptions, heredocs: [], form: 'shell', command: 'echo "a"  b' }],
  ['RUN ["a b", "c\\u0041", ""]', { kind: 'RUN', ...noOptions, heredocs: [], form: 'exec', argv: ['a b', 'cA', ''] }],
  ["RUN ['a']", { kind: 'RUN', ...noOptions, heredocs: [], form: 'shell', command: "['a']" }],
  ['RUN ["a",]', { kind: 'RUN', ...noOptions, heredocs: [], form: 'shell', command: '["a",]' }],
  ['RUN ["a"] # b', { kind: 'RUN', ...noOptions, heredocs: [], form: 'shell', command: '["a"] # b' }],
  ['RUN ["a", \\\n "b"]', { kind: 'RUN', ...noOptions, heredocs: [], form: 'exec', argv: ['a', 'b'] }],
  [
    'RUN --network=default --security=sandbox a',
    { kind: 'RUN', ...noOptions, heredocs: [], form: 'shell', command: 'a' },
  ],
  ['RUN --network=host a', { kind: 'RUN', ...noOptions, network: 'host', heredocs: [], form: 'shell', command: 'a' }],
  [
    'RUN --mount=type=tmpfs,target=$X --network=none --mount=target=/b --security=insecure --device=a/b=c,required a',
    {
      ...{ kind: 'RUN', mounts: ['type=tmpfs,target=$X', 'target=/b'], network: 'none', security: 'insecure' },
      ...{ devices: [{ name: 'a/b=c', required: true }], heredocs: [], form: 'shell', command: 'a' },
    },
  ],
  ['RUN -- --mount a', { kind: 'RUN', ...noOptions, heredocs: [], form: 'shell', command: '--mount a' }],
  ['RUN ["\\ud800"]', { kind: 'RUN', ...noOptions, heredocs: [], form: 'exec', argv: ['\ufffd'] }],
  ['CMD a b', { kind: 'CMD', form: 'shell', command: 'a b' }],
  ['CMD []', { kind: 'CMD', form: 'exec', argv: [] }],
  ['CMD ', { kind: 'CMD', form: 'shell', command: '' }],
  ['ENTRYPOINT ["a"]', { kind: 'ENTRYPOINT', form: 'exec', argv: ['a'] }],
  ['ENTRYPOINT exec a', { kind: 'ENTRYPOINT', form: 'shell', command: 'exec a' }],
  ['SHELL ["bash", "-c"]', { kind: 'SHELL', argv: ['bash', '-c'] }],
  [
    'ENV A=1 B="two words" C=d\\ e',
    {
      kind: 'ENV',
      pairs: [
        ['A', '1'],
        ['B', '"two words"'],
        ['C', 'd\\ e'],
      ],
    },
  ],
  ['ENV A=', { kind: 'ENV', pairs: [['A', '']] }],
  ['ENV A=b=c', { kind: 'ENV', pairs: [['A', 'b=c']] }],
  ['ENV A  b "c"  d', { kind: 'ENV', pairs: [['A', 'b "c"  d']] }],
  ['ENV A=\'b c\'d"e f"', { kind: 'ENV', pairs: [['A', '\'b c\'d"e f"']] }],
  [
    'ENV A=1 \\\n    # no\n    B=2',
    {
      kind: 'ENV',
      pairs: [
        ['A', '1'],
        ['B', '2'],
      ],
    },
  ],
  ['ENV A=b\\', { kind: 'ENV', pairs: [['A', 'b']] }],
  [
    'LABEL "a b"="c d" e=f',
    {
      kind: 'LABEL',
      pairs: [
        ['"a b"', '"c d"'],
        ['e', 'f'],
      ],
    },
  ],
  ['LABEL a b c', { kind: 'LABEL', pairs: [['a', 'b c']] }],
  [
    'ARG A B= C="d e" D=f=g',
    {
      kind: 'ARG',
      args: [
        ['A', undefined],
        ['B', ''],
        ['C', '"d e"'],
        ['D', 'f=g'],
      ],
    },
  ],
  ['WORKDIR /a b', { kind: 'WORKDIR', value: '/a b' }],
  ['USER "me":$GROUP', { kind: 'USER', value: '"me":$GROUP' }],
  ['STOPSIGNAL SIGTERM', { kind: 'STOPSIGNAL', value: 'SIGTERM' }],
  ['MAINTAINER "A" <a@b.c>', { kind: 'MAINTAINER', name: '"A" <a@b.c>' }],
  ['EXPOSE 443  80/tcp $P', { kind: 'EXPOSE', values: ['443', '80/tcp', '$P'] }],
  ['VOLUME /a /b', { kind: 'VOLUME', values: ['/a', '/b'] }],
  ['VOLUME ["/a b", " /c "]', { kind: 'VOLUME', values: ['/a b', '/c'] }],
  ['HEALTHCHECK NONE', { kind: 'HEALTHCHECK', none: true }],
  ['HEALTHCHECK none', { kind: 'HEALTHCHECK', none: true }],
  ['HEALTHCHECK CMD a || b', { kind: 'HEALTHCHECK', none: false, form: 'shell', command: 'a || b', ...noTimes }],
  [
    'HEALTHCHECK --interval=1m30s --timeout=1.5s --start-period=1ms --start-interval=0 --retries=4 cmd ["a"]',
    {
      kind: 'HEALTHCHECK',
      none: false,
      form: 'exec',
      argv: ['a'],
      interval: 90 * second,
      timeout: 1.5 * second,
      startPeriod: second / 1000,
      startInterval: 0,
      retries: 4,
    },
  ],
  ['COPY a b /c/', { kind: 'COPY', sources: ['a', 'b'], heredocs: [], destination: '/c/', ...plainCopy }],
  ['COPY ["a b", "/c"]', { kind: 'COPY', sources: ['a b'], heredocs: [], destination: '/c', ...plainCopy }],
  [
    'COPY --from=Stage --chown="a:b" --chmod=u+x --link a /c',
    {
      kind: 'COPY',
      sources: ['a'],
      heredocs: [],
      destination: '/c',
      chown: 'a:b',
      chmod: 'u+x',
      link: true,
      exclude: [],
      from: 'Stage',
      parents: false,
    },
  ],
  [
    'COPY --parents --exclude=$A --exclude="b c" --exclude=**/d/** a /c',
    {
      kind: 'COPY',
      sources: ['a'],
      heredocs: [],
      destination: '/c',
      ...plainCopy,
      exclude: ['$A', 'b c', '**/d/**'],
      parents: true,
    },
  ],
  [
    'ADD --unpack --link --exclude=x a /c',
    {
      kind: 'ADD',
      sources: ['a'],
      heredocs: [],
      destination: '/c',
      ...noFlags,
      link: true,
      exclude: ['x'],
      checksum: undefined,
      unpack: true,
      keepGitDirectory: false,
    },
  ],
  [
    'ADD --unpack=false a /c',
    {
      kind: 'ADD',
      sources: ['a'],
      heredocs: [],
      destination: '/c',
      ...noFlags,
      checksum: undefined,
      unpack: false,
      keepGitDirectory: false,
    },
  ],
  [
    'COPY --link=false --parents=False --chown= --from= a /c',
    { kind: 'COPY', sources: ['a'], heredocs: [], destination: '/c', ...plainCopy },
  ],
  [
    'ADD --checksum=$SUM --keep-git-dir=false https://example.com/a /c',
    {
      kind: 'ADD',
      sources: ['https://example.com/a'],
      heredocs: [],
      destination: '/c',
      ...noFlags,
      checksum: '$SUM',
      unpack: undefined,
      keepGitDirectory: false,
    },
  ],
]

for (const [text, expected] of read) {
  test(`${JSON.stringify(text)} is read`, () => assert.deepEqual(instruction(text), expected))
}

const refused: readonly (readonly [text: string, says: RegExp])[] = [
  ['RUN', /RUN needs a command/],
  ['RUN []', /RUN needs a command/],
  ['RUN ["a", 1]', /strings only/],
  ['RUN [["a"]]', /strings only/],
  ['RUN --network=bridge a', /--network=bridge is not possible.*default, none, host/],
  ['RUN --security=root a', /--security=root is not possible.*sandbox, insecure/],
  ['RUN --device=required a', /names no device/],
  ['RUN --device=x,require a', /no key "require".*name, required.*Did you mean required/],
  ['RUN --mount=type=cache,tagret=/x a', /no key "tagret".*Did you mean target/],
  ['RUN --mont=type=cache a', /RUN has no flag --mont .*Did you mean --mount\?/],
  ['RUN --network a', /--network needs a value/],
  ['RUN --network=default --network=default a', /--network twice/],
  ['CMD --x a', /CMD has no flag --x \| it has no flags/],
  ['SHELL /bin/sh -c', /SHELL needs its arguments as a JSON array/],
  ['SHELL []', /SHELL needs at least one argument/],
  ['SHELL', /SHELL needs at least one argument/],
  ['ENV', /ENV needs at least one argument/],
  ['ENV A', /ENV needs a name and a value/],
  ['ENV A=1 B', /"B" has no "="/],
  ['ENV =1', /cannot be empty/],
  ['ENV A=1 =2', /cannot be empty/],
  ['LABEL', /LABEL needs at least one argument/],
  ['ARG', /ARG needs at least one argument/],
  ['ARG =1', /cannot be empty/],
  ['ARG --x A', /ARG has no flag --x/],
  ['WORKDIR', /WORKDIR needs exactly one argument/],
  ['USER ', /USER needs exactly one argument/],
  ['STOPSIGNAL', /STOPSIGNAL needs exactly one argument/],
  ['MAINTAINER', /MAINTAINER needs exactly one argument/],
  ['MAINTAINER --x y', /MAINTAINER has no flag --x/],
  ['EXPOSE', /EXPOSE needs at least one argument/],
  ['VOLUME', /VOLUME needs at least one argument/],
  ['VOLUME []', /VOLUME needs at least one argument/],
  ['VOLUME ["/a", " "]', /VOLUME names an empty path/],
  ['HEALTHCHECK', /HEALTHCHECK needs at least one argument/],
  ['HEALTHCHECK NONE x', /takes no arguments/],
  ['HEALTHCHECK CMD', /needs a command/],
  ['HEALTHCHECK CMD []', /needs a command/],
  ['HEALTHCHECK curl x', /does not know curl/],
  ['HEALTHCHECK --interval=1 CMD x', /--interval=1 is not a duration/],
  ['HEALTHCHECK --interval=999us CMD x', /less than 1ms/],
  ['HEALTHCHECK --timeout=-1s CMD x', /less than 1ms/],
  ['HEALTHCHECK --timeout=9999999h CMD x', /not a duration/],
  ['HEALTHCHECK --retries=-1 CMD x', /--retries=-1/],
  ['HEALTHCHECK --retries=2147483648 CMD x', /--retries=2147483648/],
  ['HEALTHCHECK --retires=1 CMD x', /Did you mean --retries\?/],
  ['COPY a', /COPY needs at least two arguments/],
  ['COPY', /COPY needs at least two arguments/],
  ['COPY ["a"]', /COPY needs at least two arguments/],
  ['ADD a', /ADD needs at least two arguments/],
  ['COPY --link=maybe a /b', /--link=maybe is neither true nor false/],
  ['COPY --link= a /b', /neither true nor false/],
  ['COPY --exclude a /b', /--exclude needs a value/],
  ['COPY --unpack a /b', /COPY has no flag --unpack/],
  ['ADD --parents a /b', /ADD has no flag --parents/],
  ['COPY --from=$A a /b', /--from cannot hold a variable/],
  ['COPY --checksum=x a /b', /COPY has no flag --checksum/],
  ['ADD --from=x a /b', /ADD has no flag --from/],
  ['FROM', /FROM needs one or three arguments/],
  ['FROM a b', /FROM needs one or three arguments/],
  ['FROM a as b c', /FROM needs one or three arguments/],
  ['FROM a AS 1b', /"1b" cannot be the name of a stage/],
  ['FROM a AS b/c', /"b\/c" cannot be the name of a stage/],
  ['FROM --plattform=x a', /Did you mean --platform\?/],
  ['ONBUILD', /ONBUILD needs at least one argument/],
  ['ONBUILD ONBUILD RUN a', /ONBUILD cannot hold ONBUILD/],
  ['ONBUILD FROM a', /ONBUILD cannot hold FROM/],
  ['ONBUILD maintainer a', /ONBUILD cannot hold MAINTAINER/],
  ['ONBUILD COPPY a b', /unknown instruction COPPY/],
]

for (const [text, says] of refused) {
  test(`${text} is refused`, () => {
    const error = errorOf(() => parse(`FROM base\n${text}\n`))
    assert.equal(error.code, 'dockerfile-syntax')
    assert.match(error.where ?? '', /^Dockerfile:2: /)
    assert.match(said(error), says)
  })
}

test('stages have lower-case names, and arguments may stand above them', () => {
  const { metaArgs, stages } = parse(
    `ARG A=1 B\nARG C\nFROM --platform=$P a:\${A} as One.2-x_\nFROM scratch\nRUN a\nARG D\n`,
  )
  assert.deepEqual(
    metaArgs.map(({ args }) => args),
    [
      [
        ['A', '1'],
        ['B', undefined],
      ],
      [['C', undefined]],
    ],
  )
  assert.deepEqual(
    stages.map(({ name, from, instructions }) => [name, from.image, from.platform, instructions.length]),
    [
      ['one.2-x_', `a:\${A}`, '$P', 0],
      [undefined, 'scratch', undefined, 2],
    ],
  )
})

test('ONBUILD holds its instruction and the text of it', () => {
  assert.deepEqual(instruction('onbuild copy --chown=a b \\\n c'), {
    kind: 'ONBUILD',
    trigger: 'copy --chown=a b  c',
    instruction: {
      line: 2,
      endLine: 3,
      text: 'copy --chown=a b  c',
      kind: 'COPY',
      sources: ['b'],
      heredocs: [],
      destination: 'c',
      ...plainCopy,
      chown: 'a',
    },
  })
})

test('a trigger from an image is read by itself', () => {
  const name = 'trigger of base'
  const run = parseOnBuild('RUN <<EOF\na\nEOF', { name })
  assert.ok(run.kind === 'RUN' && run.form === 'shell')
  assert.equal(run.command, 'a\n')
  assert.equal(parseOnBuild('run a \\\n b', { name }).text, 'run a  b')
  for (const trigger of [
    '',
    '# nothing',
    'RUN a\nRUN b',
    'FROM a',
    'ONBUILD RUN a',
    'MAINTAINER a',
    'NONSENSE',
    'RUN <<EOF',
  ]) {
    const error = errorOf(() => parseOnBuild(trigger, { name }))
    assert.equal(error.code, 'dockerfile-syntax')
    assert.match(error.where ?? '', /^trigger of base/)
  }
})
