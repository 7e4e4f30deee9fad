import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type CommandOptions, type CommandResult, tryRun } from '../../support/command.ts'

const program = join(import.meta.dirname, 'children/program.ts')

function start(args: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
  return tryRun(process.execPath, [program, ...args], { cwd: '/', env: { GIVEN: 'outside' }, ...options })
}

/** Starts a program and signals it: once for each text that it prints by itself. */
async function signalled(name: string, signals: Readonly<Record<string, NodeJS.Signals>>): Promise<CommandResult> {
  let pid = 0
  return await start([name], {
    onStart: (started) => {
      pid = started
    },
    onOutput: (text) => {
      const signal = signals[text.trim()]
      // Two signals close together count as one.
      if (signal !== undefined) void sleep(400).then(() => process.kill(pid, signal))
    },
  })
}

test('a program gets what its process was given, and its number is the exit code', async () => {
  const { code, stdout, stderr } = await start(['show', '7'])
  assert.deepEqual(JSON.parse(stdout), { argv: ['show', '7'], cwd: '/', given: 'outside' })
  assert.deepEqual([code, stderr], [7, 'aside'])
})

for (const [signal, exitCode] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const) {
  test(`${signal} asks the program to end, and the exit code tells of it whatever the program says`, async () => {
    const { code, stdout } = await signalled('obey', { ready: signal })
    assert.deepEqual([code, stdout], [exitCode, `ready\ninterrupted ${exitCode} Interrupted by ${signal}\n`])
  })
}

test('a second signal ends a program that does not listen', async () => {
  const { code, stdout } = await signalled('ignore', { ready: 'SIGINT', ignored: 'SIGTERM' })
  assert.deepEqual([code, stdout], [143, 'ready\nignored\n'])
})

test('a reader that goes away does not stop the program', async () => {
  const script = '"$0" "$1" chatter | head -c 1 > /dev/null; exit "$' + '{PIPESTATUS[0]}"'
  const { code, stderr } = await tryRun('bash', ['-c', script, process.execPath, program])
  assert.deepEqual([code, stderr], [0, 'all written\n'])
})
