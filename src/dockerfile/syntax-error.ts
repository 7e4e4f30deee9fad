import { type ErrorParts, HearthError } from '../errors.ts'
import { type Position, whereOf } from './instruction.ts'

/** An error in a Dockerfile; `placed` adds where. */
export function syntaxError(message: string, more: Pick<ErrorParts, 'why' | 'fix' | 'marks'> = {}): HearthError {
  return new HearthError({ code: 'dockerfile-syntax', message, ...more })
}

/** Something that Docker understands and we do not. */
export function unsupportedError(what: string, more: Pick<ErrorParts, 'fix' | 'marks'> = {}): HearthError {
  return new HearthError({ code: 'dockerfile-unsupported', message: `${what} is not supported yet`, ...more })
}

/** Runs a reader; its errors get the place of what it reads. */
export function placed<T>(dockerfile: string, position: Place, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof HearthError ? atInstruction(error, dockerfile, position) : error
  }
}

/** An error with the place of the instruction it is about, unless it already names one. */
export function atInstruction(error: HearthError, dockerfile: string, position: Place): HearthError {
  return error.at(whereOf(dockerfile, position), { file: dockerfile, ...placeOf(position) })
}

type Place = Pick<Position, 'line' | 'text'> & { readonly endLine?: number }

function placeOf({ line, text, endLine = line }: Place): Place {
  return { line, endLine, text }
}
