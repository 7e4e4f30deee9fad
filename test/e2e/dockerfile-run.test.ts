import assert from 'node:assert/strict'
import { test } from 'node:test'
import { processesWith } from '../support/processes.ts'
import { openScene } from '../support/scene.ts'
import { fileOf, modeAndOwner, sha256 } from './files.ts'

const scene = await openScene()
const from = `FROM ${scene.busybox}`

test('RUN takes heredocs, alone, with an interpreter and as input', async () => {
  const dockerfile = `${from}
ENV NAME=world
RUN <<EOF
echo "hello $NAME" > /plain
echo two >> /plain
EOF
RUN <<'SCRIPT' cat > /quoted
$NAME stays
SCRIPT
RUN <<EOF
#!/bin/sh -u
echo "$0 has an interpreter" | sed 's,^/[^ ]*,script,' > /interpreted
EOF
RUN cat <<-ONE <<TWO > /both
	indented
ONE
second
TWO
`
  const tree = await (await scene.image({ dockerfile })).tree()
  assert.equal(fileOf(tree, 'plain').sha256, sha256('hello world\ntwo\n'))
  assert.equal(fileOf(tree, 'quoted').sha256, sha256('$NAME stays\n'))
  assert.equal(fileOf(tree, 'interpreted').sha256, sha256('script has an interpreter\n'))
  assert.equal(fileOf(tree, 'both').sha256, sha256('second\n'))
})

test('a command has /proc, /dev and /sys, a host name and a closed standard input', async () => {
  const dockerfile = `${from}
RUN test -r /proc/self/status && test -c /dev/null && test -d /sys/kernel && echo discarded > /dev/null
RUN test -w /dev/stdout && echo out > /dev/stdout && echo err > /dev/stderr && echo fd > /dev/fd/1
RUN head -c 16 /dev/urandom | wc -c | grep -q 16
RUN if read line; then exit 1; fi; grep -q localhost /etc/hosts && test -e /etc/resolv.conf && hostname
RUN ! ls -A /proc/1/root/var/cache/hearth-test 2>/dev/null
`
  const built = await scene.image({ dockerfile })
  const tree = await built.tree()
  assert.deepEqual(
    [...tree.keys()].filter((path) => /^(?:proc|dev|sys)\//.test(path) || /^etc\/(?:hosts|resolv.conf)/.test(path)),
    [],
  )
})

test('what a command prints is shown line by line', async () => {
  const said: string[] = []
  const dockerfile = `${from}\nRUN echo first line; sleep 1; echo second line; echo on stderr >&2; printf unfinished\n`
  const built = await scene.image({ dockerfile, onOutput: (text) => said.push(text) })
  const all = built.result.stdout + built.result.stderr
  for (const line of ['first line', 'second line', 'on stderr', 'unfinished']) assert.ok(all.includes(line), line)
  const first = said.findIndex((text) => /^.*first line$/m.test(text) && !text.includes('RUN'))
  assert.ok(
    said.slice(0, first + 1).every((text) => !/^(?!.*RUN).*second line/m.test(text)),
    'not held back',
  )
})

test('a command sees the environment of the image and nothing of the machine', async () => {
  const dockerfile = `${from}\nENV MINE=1\nRUN tr '\\0' '\\n' < /proc/$$/environ | sort > /environment\n`
  const built = await scene.image({ dockerfile, env: { LEAK: 'secret', AWS_SECRET_ACCESS_KEY: 'secret' } })
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
  const expected = `HOME=/root\nMINE=1\nPATH=${path}\n`
  assert.equal(fileOf(await built.tree(), 'environment').sha256, sha256(expected))
})

test('what a command leaves running in the background dies with it', async () => {
  const seconds = String(1_000_000 + process.pid)
  const dockerfile = `${from}\nRUN sleep ${seconds} & setsid sleep ${seconds} & echo started\n`
  await scene.image({ dockerfile, timeout: 60 })
  assert.deepEqual(processesWith(seconds), [])
})

test('users come from the image, with their supplementary groups', async () => {
  const dockerfile = `${from}
RUN echo 'carol:x:1234:77::/home/carol:/bin/sh' >> /etc/passwd && mkdir -m 777 /out && \\
    printf 'main:x:77:\\nextra:x:78:carol\\nmore:x:79:dave,carol\\n' >> /etc/group
USER carol
RUN id > /out/named; echo $HOME >> /out/named
USER carol:more
RUN id > /out/with-group
USER 42
RUN id > /out/number; echo $HOME >> /out/number
USER 42:43
RUN id > /out/numbers
`
  const tree = await (await scene.image({ dockerfile })).tree()
  const expected = {
    named: 'uid=1234(carol) gid=77(main) groups=77(main),78(extra),79(more)\n/home/carol\n',
    'with-group': 'uid=1234(carol) gid=79(more) groups=79(more)\n',
    number: 'uid=42 gid=0(root) groups=0(root)\n/\n',
    numbers: 'uid=42 gid=43 groups=43\n',
  }
  for (const [name, text] of Object.entries(expected)) {
    assert.equal(fileOf(tree, `out/${name}`).sha256, sha256(text), `id in ${name}`)
  }
  assert.equal(modeAndOwner(tree, 'out/named'), '644 1234:77')
})

test('SHELL, exec form and PATH decide what is started', async () => {
  const dockerfile = `${from}
RUN mkdir /tools && printf '#!/bin/sh\\necho "tool $*" > /said\\n' > /tools/say && chmod 755 /tools/say
ENV PATH=/tools:$PATH
RUN ["say", "one two", "$HOME"]
SHELL ["/bin/sh", "-c", "echo shell got \\"$0\\" > /shell"]
RUN whatever
`
  const tree = await (await scene.image({ dockerfile })).tree()
  assert.equal(fileOf(tree, 'said').sha256, sha256('tool one two $HOME\n'))
  assert.equal(fileOf(tree, 'shell').sha256, sha256('shell got whatever\n'))
})

test('arguments are seen from their declaration on, in their stage only', async () => {
  const dockerfile = `ARG GLOBAL=global
FROM ${scene.busybox} AS one
ARG GLOBAL
ARG LOCAL=default
RUN echo "$GLOBAL $LOCAL [$LATER]" > /one
ARG LATER=now
RUN echo "[$LATER]" >> /one
FROM ${scene.busybox}
COPY --from=one /one /
RUN echo "[$GLOBAL] [$LOCAL]" > /two
`
  const built = await scene.image({ dockerfile, args: ['--build-arg', 'LOCAL=given=with=equals', '--build-arg=LATER'] })
  const tree = await built.tree()
  assert.equal(fileOf(tree, 'two').sha256, sha256('[] []\n'))
  const oneOf = ['global given=with=equals []\n[now]\n', 'global given=with=equals []\n[]\n'].map(sha256)
  assert.ok(oneOf.includes(fileOf(tree, 'one').sha256 ?? ''))
})

test('stages nobody needs are not built', async () => {
  const dockerfile = `FROM ${scene.busybox} AS broken\nRUN exit 9\nFROM registry.invalid/none:1 AS missing\n${from}\nRUN true\n`
  await scene.image({ dockerfile })
})

test('triggers of a base image run in the stage built on it, once', async () => {
  const parent = `${scene.registry.host}/onbuild:1`
  const trigger = `${from}\nONBUILD COPY given /given\nONBUILD RUN echo "triggered by $(cat /given)" > /triggered\n`
  await scene.image({ dockerfile: trigger, args: ['--destination', parent] })
  const built = await scene.image({
    dockerfile: `FROM ${parent}\nRUN cp /triggered /copy\n`,
    files: { given: 'child' },
  })
  const { tree, config } = await built.read()
  assert.equal(fileOf(tree, 'copy').sha256, sha256('triggered by child\n'))
  assert.equal((config.config.OnBuild as unknown[] | undefined)?.length ?? 0, 0)
})
