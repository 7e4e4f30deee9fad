import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ExecutorOptions } from '../../../src/cli/executor-options.ts'
import { helpText } from '../../../src/cli/flags/help.ts'
import { parseExecutor, planCommand } from '../../../src/cli/parse-executor.ts'
import { refusal } from './refusal.ts'

function options(...argv: readonly string[]): ExecutorOptions {
  const parsed = parseExecutor(['plan', ...argv], {}, '/here')
  assert.ok(parsed.kind === 'build')
  return parsed.options
}

test('a plan needs no destination, and is text unless told otherwise', () => {
  const { dryrun, planFormat, destinations } = options()
  assert.deepEqual([dryrun, planFormat, destinations], [true, 'text', []])
})

test('a plan takes the flags of a build', () => {
  const found = options('--format=json', '-d', 'r.example/a', '--cache', '--target', 'x', '--build-arg=A=b')
  assert.deepEqual([found.planFormat, found.destinations, found.cache], ['json', ['r.example/a'], true])
  assert.deepEqual([found.target, found.buildArgs], ['x', { A: 'b' }])
})

for (const [argv, message] of [
  [['plan', '--format', 'yaml'], /it must be one of text, json/],
  [['plan', '--dryrun'], /unknown flag: --dryrun/],
  [['plan', 'x'], /unknown command "x" for "executor plan"/],
  [['--no-push', 'plan'], /"plan" stands behind flags/],
  [['--no-push', '--format=json'], /unknown flag: --format/],
] as const) {
  test(`"${argv.join(' ')}" is refused`, () => {
    assert.throws(() => parseExecutor(argv, {}, '/'), refusal('usage', message))
  })
}

test('its help shows its flags', () => {
  assert.deepEqual(parseExecutor(['plan', '--help'], {}, '/'), { kind: 'help', text: helpText(planCommand) })
  assert.match(helpText(planCommand), /--format /)
})
