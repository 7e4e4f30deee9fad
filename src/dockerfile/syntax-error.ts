import { type ErrorParts, HearthError } from '../errors.ts'
import { type Position, whereOf } from './instruction.ts'

/** An error in a Dockerfile; `placed` adds where. */
export function syntaxError(message: string, more: Pick<ErrorParts, 'why' | 'fix'> = {}): HearthError {
  return new HearthError({ code: 'dockerfile-syntax', message, ...more })
}

/** Something that Docker understands and we do not. */
export function unsupportedError(what: string, fix?: string): HearthError {
  return new HearthError({ code: 'dockerfile-unsupported', message: `${what} is not supported yet`, fix })
}

/** Runs a reader; its errors get the place of what it reads. */
export function placed<T>(dockerfile: string, position: Pick<Position, 'line' | 'text'>, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof HearthError ? error.at(whereOf(dockerfile, position)) : error
  }
}
