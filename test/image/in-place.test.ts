import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { busyboxImage } from '../support/bases.ts'
import { makeContext } from '../support/context.ts'
import { build, cacheSummary, warm } from '../support/hearth.ts'
import { type BuildInContainer, digestIn, openInPlaceBuilds } from '../support/in-place-builds.ts'

const { directory, cache, succeeds, attempt, tree } = await openInPlaceBuilds({ after })

const samples: Readonly<Record<string, BuildInContainer>> = {
  'several stages, users and links': {
    dockerfile: `FROM busybox:1 AS made
WORKDIR /work
COPY file ./
RUN tr a-z A-Z < file > upper && ln upper again && ln -s upper soft && mkfifo pipe && chmod 4755 upper
RUN echo 'carol:x:1234:77::/home/carol:/bin/sh' >> /etc/passwd && mkdir -m 1777 /shared
USER carol
RUN id -u > /shared/mine
FROM busybox:1
RUN echo first > /first && rm /bin/vi
COPY --from=made --chown=5:6 /work /work
COPY --from=made /shared /shared
RUN test "$(cat /work/again)" = CONTENT && test ! -e /etc/shadow-of-made && mv /first /second
`,
    files: { file: 'content\n' },
  },
  'a Debian whose packages change': {
    dockerfile: `FROM debian:12
RUN rm -rf /usr/share/doc /usr/share/man && dpkg --remove --force-remove-essential --force-depends mawk && useradd -m dora && rm -f /var/log/dpkg.log /var/log/alternatives.log
RUN su dora -c 'echo "$HOME" > ~/home' && test -L /var/run && test ! -e /var/run/secrets/none
`,
  },
  'nothing but copies': { dockerfile: 'FROM scratch\nCOPY file /dir/file\nWORKDIR /made\n', files: { file: 'x' } },
}

for (const [title, sample] of Object.entries(samples)) {
  test(`${title}: every tier makes the same image`, async () => {
    const inside = await succeeds({ ...sample, args: ['--reproducible'] })
    const unconfined = ['--security-opt=seccomp=unconfined']
    const user = await succeeds({ ...sample, args: ['--reproducible', '--isolation=userns'], flags: unconfined })
    assert.equal(digestIn(user.layout), digestIn(inside.layout))
    const context = makeContext(directory, { Dockerfile: sample.dockerfile, ...sample.files })
    const layout = join(mkdtempSync(join(directory, 'host-')), 'image')
    const args = ['--context', context, '--no-push', '--reproducible', '--oci-layout-path', layout]
    await build([...args, '--cache', '--cache-dir', cache, '--no-push-cache'])
    assert.equal(digestIn(inside.layout), digestIn(layout))
  })
}

test('what belongs to the container stays as it is, whatever the images bring', async () => {
  const machine = mkdtempSync(join(directory, 'machine-'))
  mkdirSync(join(machine, 'secrets'))
  writeFileSync(join(machine, 'hosts'), '127.0.0.1 localhost\n10.0.0.1 kept\n')
  writeFileSync(join(machine, 'secrets/token'), 'a token')
  const flags = [
    ...['-v', `${machine}/hosts:/etc/hosts`],
    ...['-v', `${machine}/secrets:/var/run/secrets/kubernetes.io/serviceaccount`],
  ]
  const dockerfile = `FROM debian:12
RUN rm -rf /var/run/secrets /etc/hosts 2>/dev/null; echo made > /made
FROM busybox:1
RUN echo other > /other; grep -q kept /etc/hosts
`
  const built = await succeeds({ dockerfile, flags })
  assert.equal(readFileSync(join(machine, 'hosts'), 'utf8'), '127.0.0.1 localhost\n10.0.0.1 kept\n')
  assert.equal(readFileSync(join(machine, 'secrets/token'), 'utf8'), 'a token')
  const files = await tree(built)
  assert.equal(files.has('other'), true)
  assert.deepEqual(
    [...files.keys()].filter((path) => /secrets|serviceaccount|^kaniko|^cache|^workspace|^out/.test(path)),
    [],
  )
})

test('a build in a container fills the cache for the next one', async () => {
  const own = mkdtempSync(join(directory, 'cache-'))
  const request = {
    dockerfile: 'FROM busybox:1\nRUN echo made > /made\n',
    flags: ['-v', `${own}:/own`],
    args: ['--cache-dir=/own', '--cache-repo=oci:/own/repository'],
  }
  const busybox = await busyboxImage(mkdtempSync(join(directory, 'base-')))
  await warm(['--image', `oci:${busybox.layout}:${busybox.name}`, '--cache-dir', own])
  assert.deepEqual(cacheSummary((await succeeds(request)).result), { local: 0, remote: 0, misses: 1 })
  assert.deepEqual(cacheSummary((await succeeds(request)).result), { local: 1, remote: 0, misses: 0 })
  assert.deepEqual(readdirSync(join(own, 'tmp')), [])
})

test('the documented least set of capabilities is enough, without new privileges', async () => {
  const caps = 'CHOWN,DAC_OVERRIDE,FOWNER,FSETID,SETFCAP,SETUID,SETGID,KILL'
  const flags = ['--cap-drop=ALL', `--cap-add=${caps}`, '--security-opt=no-new-privileges']
  await succeeds({ dockerfile: 'FROM debian:12\nRUN useradd -m dora && chmod 6755 /bin/true\n', flags })
})

test('the exit code of a failing command is handed on, and its daemons are gone', async () => {
  const { result } = await attempt({ dockerfile: 'FROM busybox:1\nRUN setsid sleep 1000 & exit 42\n' })
  assert.equal(result.code, 42, result.stderr)
})

test('--isolation=namespaces says why it cannot be had in a container without privileges', async () => {
  const { result } = await attempt({
    dockerfile: 'FROM busybox:1\nRUN true\n',
    args: ['--isolation=namespaces'],
  })
  assert.equal(result.code, 1)
  assert.match(result.stderr, /run-unavailable.*namespaces[\s\S]*EPERM/)
})
