import { readFileSync } from 'node:fs'
import { HearthError, messageOf, systemCode } from '../errors.ts'
import type { IsolatedCommand, Isolation, RunOptions, RunOutcome } from './isolation.ts'
import { launch } from './launch.ts'
import type { LaunchOrder, LaunchReport } from './launch-order.ts'
import { type MountPoint, provideMountPoints } from './mount-points.ts'
import { mountDirectories } from './surroundings.ts'

export interface NamespaceOptions {
  /** What the machine is called inside. Default "hearth". */
  readonly hostname?: string
  /** The machine's file that becomes /etc/resolv.conf, read at each run. Default: /etc/resolv.conf itself. */
  readonly resolverConfig?: string
}

/**
 * Runs each command in mount, PID, IPC and UTS namespaces of its own, with the root's directory as "/" and the machine's
 * network. Needs CAP_SYS_ADMIN and a kernel that lets it mount; without them `run` throws "run-unavailable". One command
 * at a time in each root.
 */
export function namespaceIsolation(options: NamespaceOptions = {}): Isolation {
  const { hostname = 'hearth', resolverConfig = '/etc/resolv.conf' } = options
  return {
    name: 'namespaces',
    run: async (command, runOptions) => {
      const files = { '/etc/hosts': hostsFile(hostname), '/etc/resolv.conf': textOf(resolverConfig) }
      return runIsolated(command, { ...runOptions, hostname, files })
    },
  }
}

type Surrounded = RunOptions & Pick<LaunchOrder, 'hostname' | 'files'>

async function runIsolated(command: IsolatedCommand, options: Surrounded): Promise<RunOutcome> {
  const { hostname, files } = options
  const { uid, gid, groups } = command.user
  const removeMountPoints = provideMountPoints(command.root, mountPointsFor(files))
  try {
    const { root, argv, env, workdir, scripts = [] } = command
    const order = { root, argv, env, user: { uid, gid, groups }, workdir, hostname, files, scripts }
    return outcomeOf(await launch(order, options).catch(unavailable), command, options)
  } finally {
    removeMountPoints()
  }
}

function mountPointsFor(files: LaunchOrder['files']): readonly MountPoint[] {
  return [
    ...mountDirectories.map((path) => ({ path, type: 'directory' }) as const),
    ...Object.keys(files).map((path) => ({ path, type: 'file' }) as const),
  ]
}

function outcomeOf(report: LaunchReport, { argv }: IsolatedCommand, { onLine }: RunOptions): RunOutcome {
  if (report.kind === 'ended') return report.outcome
  if (report.kind === 'failed') throw cannotIsolate(report.message, report.code)
  const notFound = report.code === 'ENOENT'
  onLine('stderr', `${argv[0]}: ${startProblems[report.code] ?? `cannot be started (${report.code})`}`)
  return { exitCode: notFound ? 127 : 126 }
}

const startProblems: Readonly<Record<string, string>> = {
  ENOENT: 'not found (or the interpreter that it names is missing)',
  EACCES: 'permission denied',
  ENOEXEC: 'is no program for this machine',
  E2BIG: 'the arguments and the environment are too long together',
}

function unavailable(error: unknown): never {
  const code = systemCode(error)
  if (error instanceof HearthError || code === undefined || !('syscall' in (error as object))) throw error
  throw cannotIsolate(messageOf(error), code, error)
}

const forbidden = ['EPERM', 'EACCES', 'ENOSYS']

function cannotIsolate(why: string, code: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: 'Commands cannot be isolated on this machine',
    why,
    fix: forbidden.includes(code)
      ? 'Run hearth as root with CAP_SYS_ADMIN, where no seccomp or AppArmor profile forbids unshare and mount.'
      : undefined,
    cause,
  })
}

function hostsFile(hostname: string): string {
  return `127.0.0.1\tlocalhost ${hostname}\n::1\tlocalhost ip6-localhost ip6-loopback\n`
}

/** A machine without the file resolves no names, and neither does the command. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return ''
    throw error
  }
}
