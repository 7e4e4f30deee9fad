import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { makeBusyboxRoot } from '../../../examples/quickstart/busybox-root.ts'
import { namespaceIsolation } from '../../../src/run/namespaces.ts'
import { treeOf } from '../../suites/isolation-bench.ts'
import { run } from '../../support/command.ts'
import { processesWith } from '../../support/processes.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const child = join(import.meta.dirname, 'children/run-script.ts')
const user = { uid: 0, gid: 0, groups: [0], home: '/root' }

function busyboxRoot(t: TestContext): string {
  const root = temporaryDirectory(t)
  makeBusyboxRoot(root)
  return root
}

/** Runs a script as the child program does, with that program under another: `strace ... CHILD`. */
async function runUnder(argv: readonly string[], root: string, script = 'echo ran > /ran'): Promise<unknown> {
  const [program = '', ...args] = [...argv, process.execPath, child, root, script]
  return JSON.parse(await run(program, args))
}

for (const [call, failure] of [
  ['unshare', 'EPERM'],
  ['mount', 'EACCES'],
  ['sethostname', 'EPERM'],
] as const) {
  test(`where ${call} is forbidden the error says so, and nothing is left in the root`, async (t) => {
    const root = busyboxRoot(t)
    const before = treeOf(root)
    const forbidding = [
      'strace',
      '-f',
      '-o',
      '/dev/null',
      '-e',
      `trace=${call}`,
      '-e',
      `inject=${call}:error=${failure}`,
    ]
    const { error } = (await runUnder(forbidding, root)) as { error: Record<string, string> }
    assert.equal(error.code, 'run-unavailable')
    assert.match(error.why ?? '', new RegExp(`${failure}: ${call} failed`))
    assert.match(error.fix ?? '', /CAP_SYS_ADMIN/)
    assert.deepEqual(treeOf(root), before)
  })
}

test('without CAP_SYS_ADMIN the error says what is missing', async (t) => {
  const { error } = (await runUnder(['setpriv', '--bounding-set=-sys_admin'], busyboxRoot(t))) as {
    error: Record<string, string>
  }
  assert.equal(error.code, 'run-unavailable')
  assert.match(error.why ?? '', /EPERM: unshare failed for pid namespace/)
})

test('where pivot_root is forbidden the old root is covered, and chroot, the way back, forbidden, too', async (t) => {
  const root = busyboxRoot(t)
  const forbidding = [
    'strace',
    '-f',
    '-o',
    '/dev/null',
    '-e',
    'trace=pivot_root',
    '-e',
    'inject=pivot_root:error=EPERM',
  ]
  const script = `test ! -e ${root} && test ! -e /../../..${root} && grep -q 'CapBnd:.*00000000a80025fb' /proc/self/status`
  const before = treeOf(root)
  assert.deepEqual(await runUnder(forbidding, root, script).then(outcomeOf), { exitCode: 0 })
  assert.deepEqual(treeOf(root), before)
})

test('a command whose watcher was killed from outside is an error, and is gone', async (t) => {
  const seconds = String(5_000_000 + process.pid)
  const command = {
    root: busyboxRoot(t),
    argv: ['sh', '-c', `echo ready; exec sleep ${seconds}`],
    env: { PATH: '/bin' },
  }
  const onLine = (): void => {
    process.kill(childrenOf(process.pid).at(-1) ?? Number.NaN, 'SIGKILL')
  }
  await assert.rejects(namespaceIsolation().run({ ...command, user, workdir: '/' }, { onLine }), {
    code: 'run-unavailable',
    message: /watches over the command/,
  })
  assert.deepEqual(processesWith(seconds), [])
})

test('a machine without resolv.conf gives an empty one', async (t) => {
  const root = busyboxRoot(t)
  const isolation = namespaceIsolation({ resolverConfig: join(root, 'not/there'), hostname: 'other-name' })
  const argv = ['sh', '-c', 'wc -c < /etc/resolv.conf; hostname; grep -c other-name /etc/hosts']
  const lines: string[] = []
  const command = { root, argv, env: { PATH: '/bin' }, user, workdir: '/' }
  assert.deepEqual(await isolation.run(command, { onLine: (_, line) => lines.push(line) }), { exitCode: 0 })
  assert.deepEqual(lines, ['0', 'other-name', '1'])
})

function outcomeOf(report: unknown): unknown {
  return typeof report === 'object' && report !== null && 'outcome' in report ? report.outcome : report
}

function childrenOf(pid: number): readonly number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').map(Number)
}
