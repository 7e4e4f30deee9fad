import type { Bytes } from '../stream/bytes.ts'
import type { Advertisement } from './advertisement.ts'

/** A conversation with the program that gives out a repository's objects. */
export interface GitConversation extends AsyncDisposable {
  readonly advertised: Advertisement
  /** Sends the one request, and gives the answer to it. */
  ask(request: Buffer): Promise<Bytes>
}

export interface NameAndPassword {
  readonly username: string
  readonly password: string
}

/** Who is about to be told who is asking. */
export interface Origin {
  readonly transport: string
  /** "host" or "host:port" */
  readonly host: string
  /** Whether another repository, and nobody else, named it, and it lies on another host than that. */
  readonly isSubmodule: boolean
}

/** What an origin is told; undefined for nothing. */
export type GitCredentials = (origin: Origin) => NameAndPassword | undefined
