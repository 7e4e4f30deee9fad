import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { busyboxImage } from '../support/bases.ts'
import { makeContext } from '../support/context.ts'
import { build, cacheSummary, warm } from '../support/hearth.ts'
import { type BuildInContainer, digestIn, openInPlaceBuilds } from '../support/in-place-builds.ts'

const { directory, cache, succeeds, attempt, tree } = await openInPlaceBuilds({ after })

interface Sample extends BuildInContainer {
  /** A file of the context that is given as the secret "token". */
  readonly token?: string
}

const samples: Readonly<Record<string, Sample>> = {
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
  'everything that can be mounted': {
    dockerfile: `FROM busybox:1 AS seed
RUN mkdir /seed && echo seed > /seed/file && chown 5:6 /seed/file
FROM busybox:1
RUN --mount=target=/src --mount=type=cache,target=/var/cache/deep --mount=type=tmpfs,target=/tmp \\
  ls -A /src > /seen && cat /src/sub/file >> /seen && echo x > /var/cache/deep/x && echo y > /tmp/y
RUN --mount=type=cache,target=/var/cache/deep cat /var/cache/deep/x >> /seen
RUN --mount=from=seed,source=/seed,target=/home/seed,rw stat -c %u:%g /home/seed/file >> /seen; echo z > /home/seed/new
RUN --mount=type=secret,id=token --mount=type=secret,id=token,env=TOKEN wc -c < /run/secrets/token >> /seen && test -n "$TOKEN"
RUN --mount=source=sub/file,target=/root/one/file cat /root/one/file >> /seen
USER 1234
RUN --mount=type=secret,id=token,target=/home/t,uid=1234 wc -c < /home/t > /tmp/seen
`,
    files: { 'sub/file': 'content\n', '.dockerignore': 'ignored\n', ignored: 'x', token: 'of nobody else' },
    token: 'token',
  },
  'nothing but copies': { dockerfile: 'FROM scratch\nCOPY file /dir/file\nWORKDIR /made\n', files: { file: 'x' } },
}

for (const [title, sample] of Object.entries(samples)) {
  test(`${title}: every tier makes the same image`, async () => {
    const secret = (at: string): readonly string[] => {
      return sample.token === undefined ? [] : ['--secret', `id=token,src=${at}/${sample.token}`]
    }
    const common = ['--reproducible', ...secret('/workspace')]
    const inside = await succeeds({ ...sample, args: common })
    const unconfined = ['--security-opt=seccomp=unconfined']
    const user = await succeeds({ ...sample, args: [...common, '--isolation=userns'], flags: unconfined })
    assert.equal(digestIn(user.layout), digestIn(inside.layout))
    const context = makeContext(directory, { Dockerfile: sample.dockerfile, ...sample.files })
    const layout = join(mkdtempSync(join(directory, 'host-')), 'image')
    const args = ['--context', context, '--no-push', '--reproducible', '--oci-layout-path', layout, ...secret(context)]
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
