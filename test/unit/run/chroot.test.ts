import assert from 'node:assert/strict'
import { chmodSync, lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeBusyboxRoot } from '../../../examples/quickstart/busybox-root.ts'
import { chrootIsolation } from '../../../src/run/chroot.ts'
import type { RunOutcome } from '../../../src/run/isolation.ts'
import { probeIsolation } from '../../../src/run/probe.ts'
import { rootUser, treeOf } from '../../suites/isolation-bench.ts'
import { asInContainer, type ContainerCapability } from '../../support/capabilities.ts'
import { type CommandResult, run, tryRun } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const children = join(import.meta.dirname, 'children')
const suite = [process.execPath, '--test-reporter=tap', join(children, 'chroot-suite.ts')]
const child = [process.execPath, join(children, 'run-in-chroot.ts')]

function runInContainer(argv: readonly string[], ...without: readonly ContainerCapability[]): Promise<CommandResult> {
  const [program = '', ...args] = [...asInContainer(...without), ...argv]
  // Not for the suite to report to this test run.
  return tryRun(program, args, { env: { PATH: process.env.PATH ?? '' } })
}

function busyboxRoot(t: TestContext): string {
  const root = join(temporaryDirectory(t), 'root')
  mkdirSync(root)
  chmodSync(root, 0o755)
  makeBusyboxRoot(root)
  return root
}

function sh(root: string, script: string): Promise<RunOutcome> {
  const command = { root, argv: ['sh', '-c', script], env: { PATH: '/bin' }, user: rootUser, workdir: '/' }
  return chrootIsolation().run(command, { onLine: () => {} })
}

test('every promise is kept with what a container may do, and no more', async () => {
  const { code, stdout, stderr } = await runInContainer(suite)
  assert.equal(code, 0, `${stdout}${stderr}`)
  assert.match(stdout, /^# fail 0$/m)
  assert.ok(Number(/^# pass (\d+)$/m.exec(stdout)?.[1]) > 40, stdout)
})

test('where no capability can be taken from a command, it runs with those of the container', async (t) => {
  const ran = await runInContainer([...child, busyboxRoot(t), 'chown 1234 /tmp'], 'setpcap', 'net_raw', 'audit_write')
  assert.deepEqual(JSON.parse(ran.stdout).outcome, { exitCode: 0 })
})

test('without the right to make devices the error says so, and the root is as it was', async (t) => {
  const root = busyboxRoot(t)
  const before = treeOf(root)
  const { error } = JSON.parse((await runInContainer([...child, root, 'true'], 'mknod')).stdout)
  assert.equal(error.code, 'run-unavailable')
  assert.match(error.why, /EPERM: mknod failed .*without mounts/)
  assert.match(error.fix, /CAP_MKNOD/)
  assert.deepEqual([treeOf(root), readdirSync(dirname(root))], [before, ['root']])
})

test('without the right to change the root the error says so, and the root is as it was', async (t) => {
  const root = busyboxRoot(t)
  const before = treeOf(root)
  const { error } = JSON.parse((await runInContainer([...child, root, 'true'], 'sys_chroot')).stdout)
  assert.equal(error.code, 'run-unavailable')
  assert.match(error.why, /EPERM: chroot failed/)
  assert.deepEqual([treeOf(root), readdirSync(dirname(root))], [before, ['root']])
})

test('the probe says whether it works, and finds a filesystem on which devices do not open', async (t) => {
  const directory = temporaryDirectory(t)
  assert.deepEqual(await probeIsolation({ requested: 'chroot', directory, path: '' }), { chroot: { works: true } })
  assert.deepEqual(readdirSync(directory), [])
  const tell = [process.execPath, join(children, 'tell-isolation.ts'), 'chroot', 'false']
  const script = `mount -t tmpfs -o nodev none '${directory}' && TMPDIR='${directory}' exec "$@"`
  const told = await run('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...tell])
  const { error } = JSON.parse(told)
  assert.equal(error.code, 'run-unavailable')
  assert.match(error.message, /--isolation=chroot does not work here/)
  assert.match(error.why, /EACCES/)
  assert.match(error.fix, /nodev/)
})

test('what stands where the root has files takes every change, and the root has its own again', async (t) => {
  const root = busyboxRoot(t)
  const hosts = join(root, 'etc/hosts')
  writeFileSync(hosts, 'own')
  const { ino } = lstatSync(hosts)
  await sh(root, 'echo other > /etc/hosts')
  assert.deepEqual([lstatSync(hosts).ino, readFileSync(hosts, 'utf8')], [ino, 'own'])
})

test('what takes a mount or a namespace is refused by name, and nothing is left in the root', async (t) => {
  const root = busyboxRoot(t)
  const before = treeOf(root)
  const command = { root, argv: ['true'], env: { PATH: '/bin' }, user: rootUser, workdir: '/' }
  const mounts = [{ kind: 'tmpfs', target: '/tmp', size: undefined, readOnly: false }] as const
  const isolation = chrootIsolation()
  await assert.rejects(isolation.run({ ...command, mounts }, { onLine: () => {} }), { message: /^RUN --mount cannot/ })
  const offline = { ...command, network: 'none' } as const
  await assert.rejects(isolation.run(offline, { onLine: () => {} }), { message: /^RUN --network=none cannot/ })
  assert.deepEqual(treeOf(root), before)
})

test('a /dev of the image, with all that is in it, is out of reach and comes back', async (t) => {
  const root = busyboxRoot(t)
  mkdirSync(join(root, 'dev/own'))
  writeFileSync(join(root, 'dev/own/file'), 'own')
  const before = treeOf(root)
  assert.deepEqual(await sh(root, 'test ! -e /dev/own && rm -rf /dev/* && mkdir -p /dev/a/b && echo x > /dev/null'), {
    exitCode: 0,
  })
  assert.deepEqual([treeOf(root), readdirSync(dirname(root))], [before, ['root']])
})

for (const script of ['rm -rf /dev', 'mv /dev /devices', 'mv /dev /devices; mkdir /dev', 'rm -rf /dev; echo > /dev']) {
  test(`a command that takes /dev away is an error: ${script}`, async (t) => {
    const root = busyboxRoot(t)
    writeFileSync(join(root, 'dev/own'), 'own')
    await assert.rejects(sh(root, script), { code: 'run-failed', message: /has taken \/dev away/ })
    assert.deepEqual([readdirSync(join(root, 'dev')), readdirSync(dirname(root))], [['own'], ['root']])
  })
}

test('a directory that a command removes takes the files with it that were out of reach', async (t) => {
  const root = busyboxRoot(t)
  writeFileSync(join(root, 'etc/hosts'), 'own')
  assert.deepEqual(await sh(root, 'rm -rf /etc; mkdir /etc; mkdir /etc/hosts'), { exitCode: 0 })
  assert.deepEqual(readdirSync(join(root, 'etc/hosts')), [])
  rmSync(join(root, 'etc'), { recursive: true })
  assert.deepEqual(readdirSync(dirname(root)), ['root'])
})

test('without /proc what leads through it fails, and the output that has a name is that of the build', async (t) => {
  const root = busyboxRoot(t)
  const lines: string[] = []
  const script = `cat /dev/stdin; cat /dev/fd/0; x=$(echo named > /dev/stdout); echo "[$x]"; test -z "$(ls /proc /dev/pts)"`
  const command = { root, argv: ['sh', '-c', script], env: { PATH: '/bin' }, user: rootUser, workdir: '/' }
  await chrootIsolation().run(command, { onLine: (_, line) => lines.push(line.replace(/^.*: (?=.*No such)/, '')) })
  assert.ok(lines.includes('named') && lines.includes('[]'), lines.join('\n'))
  assert.ok(lines.filter((line) => /nonexistent|No such/.test(line)).length >= 2, lines.join('\n'))
})
