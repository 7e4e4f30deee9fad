import assert from 'node:assert/strict'
import { type ErrorCode, HearthError } from '../../../src/errors.ts'

/** For assert.throws: a HearthError with this code, message and, where it is given (also as undefined), fix. */
export function refusal(
  code: ErrorCode,
  message: string | RegExp,
  ...fix: readonly [fix?: string | RegExp | undefined]
): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof HearthError, String(error))
    assert.equal(error.code, code, error.message)
    check(error.message, message)
    if (fix.length > 0) check(error.fix, fix[0])
    return true
  }
}

function check(text: string | undefined, expected: string | RegExp | undefined): void {
  if (expected instanceof RegExp) assert.match(text ?? '', expected)
  else assert.equal(text, expected)
}
