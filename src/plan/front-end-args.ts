import { requireOurSyntax } from '../dockerfile/directives.ts'
import { HearthError } from '../errors.ts'
import { type BuildArgs, givenArg, hostnameArg, syntaxArg, timeArg } from './scope.ts'

/** What build arguments ask of the build itself, declared or not. */
export interface BuildWishes {
  /** The time of all that is made, and with reproducible layers the latest one of a file. */
  readonly epoch: Date | undefined
  /** What commands find the machine called. */
  readonly hostname: string | undefined
}

/** Throws a HearthError "usage" that names the argument. */
export function buildWishes(buildArgs: BuildArgs): BuildWishes {
  const syntax = givenArg(buildArgs, syntaxArg)
  if (syntax !== undefined && syntax !== '') requireOurSyntax(syntax)
  return { epoch: epochOf(givenArg(buildArgs, timeArg)), hostname: hostnameOf(givenArg(buildArgs, hostnameArg)) }
}

function epochOf(text: string | undefined): Date | undefined {
  if (text === undefined || text === '') return undefined
  const time = new Date(Number(text) * 1000)
  if (/^\d+$/.test(text) && !Number.isNaN(time.getTime())) return time
  throw wrongArg(timeArg, text, 'Write it as the seconds since 1970, or leave it out.')
}

function hostnameOf(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined
  if (/^[a-z0-9](?:[a-z0-9.-]{0,62}[a-z0-9])?$/i.test(text)) return text
  throw wrongArg(hostnameArg, text, 'Write a name of at most 64 letters, digits, dots and dashes.')
}

function wrongArg(name: string, text: string, fix: string): HearthError {
  return new HearthError({ code: 'usage', message: `--build-arg ${name}=${text} cannot be used`, fix })
}
