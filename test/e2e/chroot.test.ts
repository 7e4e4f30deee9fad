import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { before, test } from 'node:test'
import { asInContainer } from '../support/capabilities.ts'
import { addDebian, type BuildRequest, type BuiltImage, openScene } from '../support/scene.ts'

const scene = await openScene()
const under = asInContainer()
const chroot = ['--isolation=chroot', '--reproducible']

/** Builds with a wall and without one; both must come to the same. */
async function buildBoth(request: BuildRequest): Promise<BuiltImage> {
  const walled = await scene.image({ ...request, args: ['--isolation=namespaces', '--reproducible'] })
  const built = await scene.image({ ...request, args: chroot, under })
  // Tells more than digests, and takes long.
  if (built.digest !== walled.digest) assert.deepEqual(await built.tree(), await walled.tree())
  assert.deepEqual([built.layers, built.digest], [walled.layers, walled.digest])
  return built
}

test('a busybox image is the same in a chroot as with namespaces, and holds nothing of what commands were lent', async () => {
  const dockerfile = `
FROM ${scene.busybox}
COPY hosts /etc/hosts
RUN sed -n 1p /etc/hosts > /seen
COPY hosts /etc/resolv.conf
RUN echo alice:x:1234:1234::/home:/bin/sh >> /etc/passwd && mkdir -m 2750 /srv && chown alice /srv
RUN <<EOF
#!/bin/sh
echo said > /dev/stderr; echo x > /dev/null; echo mine > /dev/file; cat /etc/hosts > /dev/null
head -c 3 /dev/urandom | wc -c > /srv/number; echo 192.0.2.1 other >> /etc/hosts
EOF
USER alice
RUN id > /srv/id; echo said > /dev/stdout
FROM ${scene.busybox}
COPY --from=0 /srv /srv
RUN touch /made; rm /etc/group; mkfifo /pipe
`
  const built = await buildBoth({ dockerfile, files: { hosts: '192.0.2.7 own\n' } })
  const tree = await built.tree()
  assert.deepEqual([tree.has('srv/id'), tree.has('etc/group'), tree.has('pipe')], [true, false, true])
  assert.deepEqual(
    [...tree.keys()].filter((path) => path.startsWith('dev/')),
    [],
  )
  assert.equal(built.result.stderr.match(/\| said/g)?.length, 2)
})

test('files that commands lose sight of stay in the layers they came with, also in a single one', async () => {
  const dockerfile = `
FROM ${scene.busybox}
COPY hosts /etc/hosts
RUN cat /etc/hosts > /dev/null
COPY other /etc/hosts
RUN true
RUN chmod 600 /etc/passwd
`
  const files = { hosts: '192.0.2.7 one\n', other: '192.0.2.7 two\n' }
  const built = await buildBoth({ dockerfile, files })
  assert.equal((await built.tree()).get('etc/hosts')?.mode, (await built.tree()).get('etc/group')?.mode)
  const single = { dockerfile, files, under, args: [...chroot, '--single-snapshot'] }
  const squashed = await scene.image(single)
  assert.deepEqual(await squashed.tree(), await built.tree())
})

let debian: string
before(async () => {
  debian = await addDebian(scene)
})

test('a Debian image is the same in a chroot as with namespaces', async () => {
  const dockerfile = `
FROM ${debian}
RUN useradd --create-home --groups users alice && install -d -o alice -g users -m 2750 /srv/data
RUN dpkg --purge --force-depends --force-remove-essential mount && rm -f /var/log/* /var/cache/ldconfig/aux-cache
SHELL ["bash", "-euc"]
RUN perl -e 'print "perl works\\n"' | tee /dev/stderr > /srv/data/from-perl; getent hosts localhost
RUN ldconfig; rm -f /var/cache/ldconfig/aux-cache
USER alice
RUN id -nG > ~/groups; tar -C /etc -c passwd | tar -t
`
  await buildBoth({ dockerfile })
})

test('what will not work, and that nothing is protected, is said before the first command', async () => {
  const { result } = await scene.image({ dockerfile: `FROM ${scene.busybox}\nRUN echo first`, args: chroot, under })
  const lines = result.stderr.split('\n')
  const first = lines.findIndex((line) => line.includes('| first'))
  const said = lines.slice(0, first).join('\n')
  assert.match(said, /isolation: chroot \(commands have a root of their own, .* as requested\)/)
  for (const word of ['protects nothing', '/proc', 'Java', 'rustc', 'ps', 'process substitution', 'terminals']) {
    assert.match(said, new RegExp(`WARN.*${word}`, 'i'), word)
  }
})

test('a missing capability is named before anything is pulled', async () => {
  for (const [name, fix] of [
    ['mknod', /devices/],
    ['sys_chroot', /root/],
    ['fsetid', /setuid/],
  ] as const) {
    const dockerfile = `FROM ${scene.busybox}\nRUN true`
    const ran = await scene.attempt({ dockerfile, args: ['--no-push', ...chroot], under: asInContainer(name) })
    assert.equal(ran.code, 1)
    assert.match(ran.stderr, new RegExp(`may not run commands in a chroot: it lacks CAP_${name.toUpperCase()}`))
    assert.match(ran.stderr, fix)
    assert.doesNotMatch(ran.stderr, /unpacking/)
  }
})

test('a command that takes /dev away fails the build, and nothing is left in the work directory', async () => {
  const workDir = scene.newDirectory()
  const dockerfile = `FROM ${scene.busybox}\nRUN mv /dev /devices && mkdir /dev`
  const ran = await scene.attempt({ dockerfile, args: ['--no-push', ...chroot, '--work-dir', workDir], under })
  assert.equal(ran.code, 1)
  assert.match(ran.stderr, /The command has taken \/dev away/)
  assert.deepEqual(readdirSync(workDir), [])
})
