import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeBusyboxRoot } from '../../examples/quickstart/busybox-root.ts'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import { pushImage } from '../support/bases.ts'
import { assertClearError } from '../support/clear-error.ts'
import { type CommandResult, succeeded } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { executorPath } from '../support/dist.ts'
import { type ImageTree, readImage } from '../support/image-tree.ts'
import { makeHome, ordinaryUser, runAsUser, type UserOptions } from '../support/ordinary-user.ts'
import { addDebian, type BuildRequest, openScene } from '../support/scene.ts'
import { fileOf, modeAndOwner } from './files.ts'

// A user without privileges on the machine, with nothing but its subordinate ids.

const scene = await openScene()
const home = makeHome(scene.directory)

function buildAsUser(
  { dockerfile = '', files = {}, args = [] }: BuildRequest,
  options: UserOptions = {},
): Promise<CommandResult> {
  const context = makeContext(home, { Dockerfile: dockerfile, ...files })
  execFileSync('chown', ['-R', String(ordinaryUser.id), context])
  return runAsUser(home, [process.execPath, executorPath, '--context', context, ...args], options)
}

/** Builds as root and as the user: the images must be one. Gives its files. */
async function sameAsRoot(request: BuildRequest): Promise<ImageTree> {
  const args = ['--reproducible', ...(request.args ?? [])]
  const root = await scene.image({ ...request, args: ['--isolation=namespaces', ...args] })
  const layout = join(mkdtempSync(join(home, 'out-')), 'image')
  chownSync(join(layout, '..'), ordinaryUser.id, ordinaryUser.id)
  const own = succeeded(
    await buildAsUser({ ...request, args: ['--no-push', '--oci-layout-path', layout, ...args] }),
    [],
  )
  assert.match(own.stderr, /isolation: userns/)
  // Although the program has been started twice.
  const lines = own.stderr.split('\n').filter((line) => /isolation:| is sha256:|--build-arg/.test(line))
  assert.deepEqual(new Set(lines).size, lines.length, own.stderr)
  const [expected, { tree }] = [await root.tree(), await readImage(`oci:${layout}`, scene.newDirectory())]
  assert.deepEqual(tree, expected)
  const { manifests } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')) as {
    manifests: { digest: string }[]
  }
  assert.equal(manifests[0]?.digest, root.digest)
  return tree
}

/** A busybox image with what an ordinary user cannot make: devices, and a file with capabilities. */
async function privilegedBase(): Promise<string> {
  const directory = scene.newDirectory()
  const rootfs = join(directory, 'rootfs')
  makeBusyboxRoot(rootfs)
  mkdirSync(join(rootfs, 'nodes'))
  execFileSync('mknod', [join(rootfs, 'nodes/null'), 'c', '1', '3'])
  execFileSync('mknod', [join(rootfs, 'nodes/disk'), 'b', '8', '0'])
  writeFileSync(join(rootfs, 'nodes/capable'), '', { mode: 0o755 })
  execFileSync('setcap', ['cap_net_raw+ep', join(rootfs, 'nodes/capable')])
  const layout = join(directory, 'layout')
  await writeImageLayout({ rootfs, layout, name: 'privileged:1', config: { Env: ['PATH=/bin'] } })
  return pushImage({ layout, name: 'privileged:1' }, scene.registry.host)
}

test('an ordinary user builds the image that root builds: owners, setuid bits, links, devices and capabilities', async () => {
  const dockerfile = `FROM ${await privilegedBase()} AS base
RUN mkdir /owned && cd /owned && for id in 1 33 1000 60000 65534; do echo $id > $id && chown $id:$id $id; done
RUN cp /bin/busybox /owned/su && chown 1000:33 /owned/su && chmod 6755 /owned/su && mkfifo /owned/fifo
RUN ln /owned/1 /owned/again && ln -s /nowhere /owned/dangling && chown -h 7:8 /owned/dangling
RUN mkdir -m 1777 /owned/shared && mv /nodes/capable /owned/capable
USER 1000:100
RUN id -u > /owned/shared/by
FROM base
COPY --from=base --chown=65534:12 /owned /copied
COPY --chown=123:456 file /file
USER 4000
RUN echo x > /tmp/mine
`
  const tree = await sameAsRoot({ dockerfile, files: { file: 'content' }, args: ['--build-arg', 'UNUSED=1'] })
  assert.equal(modeAndOwner(tree, 'owned/60000'), '644 60000:60000')
  assert.equal(modeAndOwner(tree, 'owned/su'), '6755 1000:33')
  assert.equal(modeAndOwner(tree, 'owned/shared/by'), '644 1000:100')
  assert.equal(fileOf(tree, 'nodes/null').device, '1:3')
  assert.equal(
    fileOf(tree, 'owned/capable').xattrs?.['security.capability'],
    '0100000200200000000000000000000000000000',
  )
})

test('packages are installed as by root, with capabilities of their files', async () => {
  const scratch = scene.newDirectory()
  const parts = join(scratch, 'package')
  mkdirSync(join(parts, 'DEBIAN'), { recursive: true })
  mkdirSync(join(parts, 'usr/games'), { recursive: true })
  writeFileSync(join(parts, 'usr/games/play'), '#!/bin/sh\n', { mode: 0o755 })
  const control = 'Package: play\nVersion: 1\nArchitecture: all\nMaintainer: A <a@example.org>\nDescription: a game\n'
  writeFileSync(join(parts, 'DEBIAN/control'), control)
  const postinst =
    '#!/bin/sh -e\nuseradd -r -K SYS_UID_MAX=150 player\nchage -d 1 player\nchown player:games /usr/games/play\nchmod 2755 /usr/games/play\n'
  writeFileSync(join(parts, 'DEBIAN/postinst'), postinst, { mode: 0o755 })
  execFileSync('dpkg-deb', ['--root-owner-group', '--build', parts, join(scratch, 'play.deb')], { stdio: 'ignore' })
  const [library = ''] = globSync('/lib/*/libcap.so.2')
  const dockerfile = `FROM ${await addDebian(scene)}
COPY play.deb /tmp/
RUN apt-get install -y /tmp/play.deb && rm -rf /var/log/* /var/cache/* /etc/*- /var/lib/dpkg/*-old /var/lib/apt/*
COPY --chmod=755 setcap libcap.so.2 /opt/
RUN cp /usr/bin/env /opt/env && LD_LIBRARY_PATH=/opt /opt/setcap cap_net_bind_service+ep /opt/env
RUN dpkg --purge --force-depends --force-remove-essential mount && rm -rf /var/log/* /var/cache/* /var/lib/dpkg/*-old
`
  const files = {
    'play.deb': readFileSync(join(scratch, 'play.deb')),
    setcap: readFileSync('/sbin/setcap'),
    'libcap.so.2': readFileSync(library),
  }
  const tree = await sameAsRoot({ dockerfile, files })
  assert.match(modeAndOwner(tree, 'usr/games/play'), /^2755 1\d\d:60$/)
  assert.equal(fileOf(tree, 'opt/env').xattrs?.['security.capability'], '0100000200040000000000000000000000000000')
})

test('what an ordinary user lacks is named, with what helps', async () => {
  const attempt = (options: UserOptions): Promise<CommandResult> => {
    return buildAsUser({ dockerfile: `FROM ${scene.busybox}\nRUN true\n`, args: ['--no-push'] }, options)
  }
  const none = await attempt({ subordinateIds: 'other:200000:65536\n' })
  assertClearError(none, [/run-unavailable/, /\/etc\/subuid has no ids for eve/, /fix: .*usermod --add-subuids .* eve/])
  const programs = mkdtempSync(join(home, 'bin-'))
  chmodSync(programs, 0o755)
  const link = (name: string): void => symlinkSync(`/usr/bin/${name}`, join(programs, name))
  for (const name of ['env', 'unshare', 'nsenter', 'cat']) link(name)
  assertClearError(await attempt({ path: programs }), [/newuidmap cannot be found/, /fix: .*Install uidmap/])
  link('newuidmap')
  assertClearError(await attempt({ path: programs }), [/newgidmap cannot be found/, /fix: .*Install uidmap/])
  const bound = ['setpriv', '--no-new-privs', process.execPath, executorPath]
  const context = makeContext(home, { Dockerfile: `FROM ${scene.busybox}\nRUN true\n` })
  chmodSync(context, 0o755)
  const forbidden = await runAsUser(home, [...bound, '--context', context, '--no-push'])
  assertClearError(forbidden, [/newuidmap: .*not permitted/, /fix: .*newuidmap must be setuid root.*no_new_privs/])
})

test('an id beyond those of the user is a clear error at what needs it', async () => {
  const few = { subordinateIds: 'eve:200000:1000\n' }
  const attempt = (lines: string, base = scene.busybox): Promise<CommandResult> => {
    const files = { file: { text: 'x', mode: 0o644 } }
    return buildAsUser({ dockerfile: `FROM ${base}\n${lines}\n`, files, args: ['--no-push'] }, few)
  }
  const says = [/has the users 0-1000 and the groups 0-1000, and no others/, /fix: .*\/etc\/subuid/]
  assertClearError(await attempt('USER 7000:70000\nRUN true'), [/Dockerfile:3/, /as user 7000, group 70000/, ...says])
  const copied = await attempt('COPY --chown=1001 file /file\nRUN true')
  assertClearError(copied, [/Dockerfile:2/, /\/file cannot have its owner or group/, ...says])
  // What the command itself says cannot be changed: a line before tells.
  const inside = await attempt('RUN chown 1001 /tmp')
  assertClearError(inside, [/commands that use other ids fail: .*0-1000/, /chown: .*Invalid argument/])
  const [layout, name] = [join(scene.newDirectory(), 'layout'), 'foreign:1']
  const rootfs = join(layout, '../rootfs')
  makeBusyboxRoot(rootfs)
  chownSync(join(rootfs, 'bin/busybox'), 0, 5555)
  await writeImageLayout({ rootfs, layout, name, config: { Env: ['PATH=/bin'] } })
  const foreign = await attempt('RUN true', await pushImage({ layout, name }, scene.registry.host))
  assertClearError(foreign, [/\/bin\/busybox cannot have its owner or group/, ...says])
})
