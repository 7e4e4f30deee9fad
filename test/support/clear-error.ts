import assert from 'node:assert/strict'
import type { CommandResult } from './command.ts'

/** Asserts that a program failed with an error a user can act on: it says the given things and shows no stack. */
export function assertClearError(result: CommandResult, says: readonly RegExp[], exitCode = 1): void {
  assert.equal(result.code, exitCode, `exit code ${result.code}:\n${result.stdout}${result.stderr}`)
  for (const pattern of says) assert.match(result.stderr, pattern)
  assert.doesNotMatch(result.stderr, /^\s+at .+:\d+:\d+\)?$/m, 'no stack')
  assert.doesNotMatch(result.stderr, /Unexpected failure|defect in hearth/, 'nothing unforeseen')
}
