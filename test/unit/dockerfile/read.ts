import assert from 'node:assert/strict'
import type { Dockerfile } from '../../../src/dockerfile/dockerfile.ts'
import type { Instruction } from '../../../src/dockerfile/instruction.ts'
import { parseDockerfile } from '../../../src/dockerfile/parse.ts'
import { HearthError } from '../../../src/errors.ts'

export function parse(text: string): Dockerfile {
  return parseDockerfile(text, { name: 'Dockerfile' })
}

/** The one instruction below FROM, without its place. */
export function instruction(text: string): Record<string, unknown> {
  const { line: _line, endLine: _endLine, text: _text, ...rest } = onlyInstruction(`FROM base\n${text}`)
  return rest
}

export function onlyInstruction(dockerfile: string): Instruction {
  const [found, ...others] = parse(dockerfile).stages.at(-1)?.instructions ?? []
  assert.ok(found)
  assert.deepEqual(others, [])
  return found
}

/** The error that something throws, which must be one of ours. */
export function errorOf(run: () => unknown): HearthError {
  try {
    run()
  } catch (error) {
    if (error instanceof HearthError) return error
    throw error
  }
  assert.fail('nothing was thrown')
}

/** Everything an error says, on one line. */
export function said(error: HearthError): string {
  return [error.code, error.where, error.message, error.why, error.fix].filter((part) => part !== undefined).join(' | ')
}
