import { HearthError } from '../errors.ts'
import { type GitAddress, shownAddress } from './address.ts'

/** The error for a repository that could not be fetched. */
export function gitFailure(
  address: Pick<GitAddress, 'transport' | 'host' | 'path'>,
  { why, fix, cause }: { readonly why: string; readonly fix?: string; readonly cause?: unknown },
): HearthError {
  return new HearthError({
    code: 'git-fetch',
    message: `Fetching ${shownAddress(address)} failed`,
    why,
    fix: fix ?? 'Check the address, and that this machine reaches it.',
    cause,
  })
}

/** What the other side sent is not what git's protocol has there. The message is a reason, for people. */
export class ProtocolError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProtocolError'
  }
}
