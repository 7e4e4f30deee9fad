import type { Log } from '../log.ts'
import type { Variables } from './environment.ts'
import type { ExecutorOptions } from './executor-options.ts'
import type { HeldSink } from './held-sink.ts'
import type { Sink, StandardInput } from './program.ts'
import type { RegistryAccess } from './registry-access.ts'

/** What one run of the executor is made of. */
export interface Execution {
  readonly options: ExecutorOptions
  readonly secrets: Secrets['given']
  readonly masked: Secrets['masked']
  readonly env: Variables
  readonly log: Log
  /** What the log writes to: it waits until the isolation is chosen, as another start of the program says it all again. */
  readonly said: HeldSink
  /** Does not wait. */
  readonly firstLog: Log
  readonly stdin: StandardInput
  readonly stdout: Sink
  readonly signal: AbortSignal
  readonly registries: RegistryAccess
  readonly workDir: string
}

/** What --secret gives. */
export interface Secrets {
  readonly given: ReadonlyMap<string, Buffer>
  /** What nothing may print of them. */
  readonly masked: readonly string[]
}
