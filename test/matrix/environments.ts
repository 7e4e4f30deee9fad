import type { CommandResult } from '../support/command.ts'
import type { MatrixBuild } from './builds.ts'

/** One build of the matrix, by its directories on this machine. */
export interface MatrixRequest {
  readonly context: string
  /** With the warmed bases; nobody writes to it. */
  readonly cache: string
  /** New and empty, for everybody to write to: takes "image", an OCI layout. */
  readonly out: string
}

/** A row of the matrix: where hearth runs, and what it may do there. */
export interface Environment {
  readonly title: string
  /** Runs the executor to its end. */
  build(request: MatrixRequest): Promise<CommandResult>
  /** Why a build cannot be made here: the code of the error it is to end with; undefined when it is to be made. */
  refuses?(build: MatrixBuild): string | undefined
}

/** Flags of every build; paths are those that the executor sees. Bases come from the cache, and nothing else does. */
export function executorArguments({ context, cache, out }: MatrixRequest): readonly string[] {
  const places = [`--context=dir://${context}`, `--cache-dir=${cache}`, `--oci-layout-path=${out}/image`]
  const basesOnly = ['--cache', '--cache-run-layers=false', '--cache-copy-layers=false']
  return [...places, ...basesOnly, '--no-push', '--reproducible', '--log-format=text']
}

/** Where containers have the directories. */
export const inContainer: MatrixRequest = { context: '/workspace', cache: '/cache', out: '/out' }

export const dockerCapabilities = [
  ...['AUDIT_WRITE', 'CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'MKNOD', 'NET_BIND_SERVICE', 'NET_RAW'],
  ...['SETFCAP', 'SETGID', 'SETPCAP', 'SETUID', 'SYS_CHROOT'],
] as const

export const crioCapabilities = [
  ...['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'KILL', 'NET_BIND_SERVICE', 'SETGID', 'SETPCAP', 'SETUID'],
] as const

/** What README.md names for building in place. */
export const leastCapabilities = ['CHOWN', 'DAC_OVERRIDE', 'FOWNER', 'FSETID', 'SETGID', 'SETUID'] as const
