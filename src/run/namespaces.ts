import { HearthError, messageOf, systemCode } from '../errors.ts'
import { failedOption } from './failed-option.ts'
import type { IsolatedCommand, Isolation, RunOptions, RunOutcome } from './isolation.ts'
import { launch, launcher } from './launch.ts'
import { launchBeside } from './launch-beside.ts'
import type { LaunchOrder, LaunchReport, ProcessView } from './launch-order.ts'
import { provideMountPoints } from './mount-points.ts'
import { orderMounts, placesInRoot } from './ordered-mounts.ts'
import { outcomeOf } from './outcome.ts'
import { requireIDs } from './require-ids.ts'
import { mountPointsFor } from './surroundings.ts'
import { textIfThere } from './text-if-there.ts'

export interface NamespaceOptions {
  /** What the machine is called inside. Default "hearth". */
  readonly hostname?: string
  /** The machine's file that becomes /etc/resolv.conf, read at each run. Default: /etc/resolv.conf itself. */
  readonly resolverConfig?: string
}

/**
 * Runs each command in mount, PID, IPC and UTS namespaces of its own, with the root's directory as "/" and the machine's
 * network. Needs CAP_SYS_ADMIN and a kernel that lets it mount; without them `run` throws "run-unavailable". In a user
 * namespace inside a container the kernel may refuse a /proc of its own: there commands are among the processes of the
 * executor, which they cannot look into; without Landlock (see `confineProcesses`) they can signal them, and look into
 * commands beside them. One command at a time in each root.
 */
export function namespaceIsolation(options: NamespaceOptions = {}): Isolation {
  const { hostname = 'hearth', resolverConfig = '/etc/resolv.conf' } = options
  const launchOrder = launchInBestView()
  return {
    name: 'namespaces',
    run: async (command, runOptions) => {
      const files = { '/etc/resolv.conf': textIfThere(resolverConfig) }
      return runIsolated(command, { ...runOptions, hostname: command.hostname ?? hostname, files, launchOrder })
    },
  }
}

type Launch = (order: Omit<LaunchOrder, 'processes'>, options: RunOptions) => Promise<LaunchReport>

type Surrounded = RunOptions & Pick<LaunchOrder, 'hostname' | 'files'> & { readonly launchOrder: Launch }

/** Gives commands a PID namespace of their own until the kernel says that they cannot have a /proc for it. */
function launchInBestView(): Launch {
  const launchers = { program: launcher, atWork: new Set<number>() }
  let processes: ProcessView = 'own'
  return async (order, options) => {
    if (processes === 'own') {
      const report = await launch({ ...order, processes }, options)
      if (report.kind !== 'failed' || report.what !== 'own-processes') return report
      processes = 'shared'
    }
    return launchBeside({ ...order, processes }, options, launchers)
  }
}

async function runIsolated(command: IsolatedCommand, options: Surrounded): Promise<RunOutcome> {
  const { hostname, files, launchOrder } = options
  requireIDs(command.user)
  const mounts = orderMounts(command.root, command.mounts ?? [])
  const points = [...mountPointsFor(files), ...placesInRoot(mounts)]
  const removeMountPoints = provideMountPoints(command.root, points)
  try {
    const { root, argv, env, workdir, scripts = [], network = 'host' } = command
    const { uid, gid, groups } = command.user
    const order = { root, argv, env, user: { uid, gid, groups }, workdir, hostname, files, scripts, mounts, network }
    const report = await launchOrder(order, options).catch(unavailable)
    if (report.kind === 'failed') throw failedOption(report) ?? cannotIsolate(report.message, report.code)
    return outcomeOf(report, command, options)
  } finally {
    removeMountPoints()
  }
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
