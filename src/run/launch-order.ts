import type { Identity } from '../sys/identity.ts'
import type { CommandNetwork, CommandScript, RunOutcome } from './isolation.ts'
import type { OrderedMount } from './ordered-mounts.ts'

/**
 * Whether the processes of a command have a PID namespace to themselves, with a /proc that shows no others, or are among
 * those of the executor.
 */
export type ProcessView = 'own' | 'shared'

/** What the executor tells the launcher, as one line of JSON. */
export interface LaunchOrder {
  readonly root: string
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly user: Identity
  readonly workdir: string
  readonly hostname: string
  /** Contents of files that the command sees in place of the root's own, by absolute path. */
  readonly files: Readonly<Record<string, string>>
  readonly scripts: readonly CommandScript[]
  readonly processes: ProcessView
  /** Parents first. */
  readonly mounts: readonly OrderedMount[]
  readonly network: CommandNetwork
}

/** An order for a command that keeps the root and namespaces of the executor. */
export type InPlaceOrder = Pick<LaunchOrder, 'argv' | 'env' | 'user' | 'workdir' | 'network'>

/** An order for a command that keeps the namespaces of the executor. */
export type ChrootOrder = InPlaceOrder & Pick<LaunchOrder, 'root'>

/** What the launcher answers, as one line of JSON, before it ends. */
export type LaunchReport =
  | { readonly kind: 'ended'; readonly outcome: RunOutcome }
  /** The program itself could not be started. */
  | { readonly kind: 'not-started'; readonly code: string }
  /** Its surroundings could not be made; `what` tells those that there is something to say about or another way for. */
  | { readonly kind: 'failed'; readonly code: string; readonly message: string; readonly what?: FailedSurrounding }

export type FailedSurrounding = 'own-processes' | 'mount' | 'network'

/** The descriptor of the launcher's side of the connection. Its end is the launcher's end. */
export const channel = 3
