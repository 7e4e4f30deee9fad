import assert from 'node:assert/strict'
import { chmodSync, cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { type CommandOptions, type CommandResult, tryRun } from '../../support/command.ts'
import { checkout } from '../../support/dist.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const pinnedPackage = `node-linux-${process.arch}`

// What the program is: it says who runs it, then does what its first argument asks for.
const main = `import { leaveOldNode } from './bin/pinned-node.ts'
await leaveOldNode()
const [what, more] = process.argv.slice(2)
console.log(JSON.stringify({ pinned: process.env.PINNED ?? null, argv: process.argv.slice(2), cwd: process.cwd() }))
if (what === 'exit') process.exit(Number(more))
if (what === 'read') process.stdin.pipe(process.stdout)
if (what === 'die') process.kill(process.pid, more)
if (what === 'wait') {
  setInterval(() => {}, 1000)
  process.on('SIGTERM', () => process.exit(9))
  console.log('ready')
}
`

// Node 24 that takes itself for another version: what an old Node is asked about itself.
const pretend = `const { PRETENDED: node, ...env } = process.env
Object.defineProperty(process, 'versions', { value: { ...process.versions, node } })
process.env = env
`

interface Program {
  /** Runs it with a Node of this version. */
  run(version: string, args?: readonly string[], options?: CommandOptions): Promise<CommandResult>
}

/** The start of the programs in a directory of its own, where the pinned Node is installed or not. */
function makeProgram(t: TestContext, installed: 'yes' | 'no' | 'itself'): Program {
  const directory = temporaryDirectory(t)
  for (const path of ['bin/pinned-node.ts', 'src/run/successor.ts']) cpSync(join(checkout, path), join(directory, path))
  const files = { 'package.json': '{"type":"module"}' }
  for (const [name, text] of Object.entries({ ...files, 'main.js': main, 'pretend.js': pretend })) {
    writeFileSync(join(directory, name), text)
  }
  if (installed !== 'no') installPinned(directory, installed)
  const run: Program['run'] = (version, args = [], options = {}) => {
    const argv = ['--import', join(directory, 'pretend.js'), join(directory, 'main.js'), ...args]
    return tryRun(process.execPath, argv, { cwd: '/', env: { PRETENDED: version }, ...options })
  }
  return { run }
}

function installPinned(directory: string, installed: 'yes' | 'itself'): void {
  const home = join(directory, 'node_modules', pinnedPackage)
  mkdirSync(join(home, 'bin'), { recursive: true })
  writeFileSync(join(home, 'package.json'), JSON.stringify({ name: pinnedPackage }))
  const node = join(home, 'bin/node')
  if (installed === 'itself') symlinkSync(process.execPath, node)
  else {
    writeFileSync(node, `#!/bin/sh\nPINNED=yes exec '${process.execPath}' "$@"\n`)
    chmodSync(node, 0o755)
  }
}

function firstLine(result: CommandResult): { pinned: string | null; argv: string[]; cwd: string } {
  return JSON.parse(result.stdout.split('\n')[0] ?? '')
}

for (const version of ['22.15.0', '22.20.1', '24.0.0', '100.1.1']) {
  test(`Node ${version} runs the program itself`, async (t) => {
    const result = await makeProgram(t, 'yes').run(version)
    assert.deepEqual([result.code, firstLine(result).pinned], [0, null], result.stderr)
  })
}

for (const version of ['16.20.2', '20.20.2', '22.14.9']) {
  test(`Node ${version} hands over to the pinned one, with the same arguments in the same place`, async (t) => {
    const args = ['--flag', 'a b', '', '-x']
    const result = await makeProgram(t, 'yes').run(version, args)
    assert.equal(result.code, 0, result.stderr)
    assert.deepEqual(firstLine(result), { pinned: 'yes', argv: args, cwd: '/' })
  })
}

test('input and exit code are those of the pinned one', async (t) => {
  const program = makeProgram(t, 'yes')
  assert.equal((await program.run('20.20.2', ['exit', '42'])).code, 42)
  const { code, stdout } = await program.run('20.20.2', ['read'], { input: 'given\n' })
  assert.deepEqual([code, stdout.split('\n').slice(1)], [0, ['given', '']])
})

test('a signal is handed on, and a death by signal told as one', async (t) => {
  const program = makeProgram(t, 'yes')
  let pid = 0
  const stopped = await program.run('20.20.2', ['wait'], {
    onStart: (started) => {
      pid = started
    },
    onOutput: (text) => void (text.includes('ready') && process.kill(pid, 'SIGTERM')),
  })
  assert.equal(stopped.code, 9)
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    assert.equal((await program.run('20.20.2', ['die', signal])).signal, signal)
  }
})

for (const [installed, what] of [
  ['no', 'is not installed'],
  ['itself', 'is the old one'],
] as const) {
  test(`where the pinned Node ${what}, the message says what is needed, and nothing crashes`, async (t) => {
    const { code, stdout, stderr } = await makeProgram(t, installed).run('20.20.2')
    assert.deepEqual([code, stdout], [1, ''])
    assert.match(
      stderr,
      /^Error: hearth needs Node 22\.15 or newer; this is v\d+.*\n {2}why: .*\n {2}fix: .*npm ci.*\n$/,
    )
    assert.ok(stderr.includes(pinnedPackage))
  })
}
