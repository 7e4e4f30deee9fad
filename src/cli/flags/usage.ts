import { HearthError } from '../../errors.ts'

/** A command line that makes no sense. It is printed as "Error: …" with the usage below it. */
export class UsageError extends HearthError {
  /** What --help prints. */
  readonly usage: string

  constructor(problem: HearthError, usage: string) {
    const { message, where, why, fix } = problem
    super({ code: problem.code, message, where, why, fix })
    this.name = 'UsageError'
    this.usage = usage
  }
}

export function wrongUsage(message: string, fix?: string): HearthError {
  return new HearthError({ code: 'usage', message, fix })
}

/** Runs a parser; what it refuses gets the usage attached. */
export function withUsage<T>(usage: () => string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw error instanceof HearthError ? new UsageError(error, usage()) : error
  }
}
