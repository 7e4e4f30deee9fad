import { extname, join } from 'node:path'
import { HearthError, messageOf, systemCode } from '../errors.ts'
import { failedOption } from './failed-option.ts'
import { type PlacedMounts, placeMounts } from './in-place-mounts.ts'
import type { IsolatedCommand, Isolation, RunOutcome } from './isolation.ts'
import { launchBeside } from './launch-beside.ts'
import type { InPlaceOrder } from './launch-order.ts'
import { type MachinePaths, machinePaths } from './machine-paths.ts'
import { hasAllCapabilities } from './missing-capabilities.ts'
import { outcomeOf } from './outcome.ts'
import { placeScripts } from './place-scripts.ts'
import { guardDevices } from './repair-devices.ts'
import { requireIDs } from './require-ids.ts'

export type InPlaceOptions = MachinePaths

const launcher = join(import.meta.dirname, `in-place-launcher${extname(import.meta.filename)}`)

/**
 * Runs commands in the root hearth itself runs in, for containers that may not make namespaces. Nothing stands between a
 * command and hearth: it sees hearth's files and processes, and has the capabilities of the container. One command at a
 * time. Where one cannot be run at all, `run` throws "run-unavailable".
 */
export function inPlaceIsolation(options: InPlaceOptions): Isolation {
  const ignored = machinePaths(options)
  const { ownDirectory } = options
  const repairDevices = guardDevices('/dev')
  return {
    name: 'in-place',
    sharedRoot: { path: '/', ignored },
    allowsAll: hasAllCapabilities(),
    async run(command, runOptions) {
      const outcome = await runInPlace(command, { ...runOptions, ownDirectory, ignored: ignored() })
      const repaired = repairDevices()
      if (repaired.length > 0) runOptions.onLine('stderr', `made again after the command: ${repaired.join(', ')}`)
      return outcome
    },
  }
}

type PlacedOptions = PlacedMounts & Pick<InPlaceOptions, 'ownDirectory'>

async function runInPlace(command: IsolatedCommand, options: PlacedOptions): Promise<RunOutcome> {
  const { root, argv, env, user, workdir, scripts = [], mounts = [], network = 'host' } = command
  if (root !== '/') throw new TypeError(`${root} is not the root that commands run in`)
  options.signal?.throwIfAborted()
  requireIDs(user)
  const removeMounts = await placeMounts(mounts, options)
  let removeScripts = (): void => {}
  try {
    removeScripts = placeScripts(scripts, options.ownDirectory)
    const { uid, gid, groups } = user
    const launchers = { program: launcher, atWork: new Set<number>() }
    const order: InPlaceOrder = { argv, env, user: { uid, gid, groups }, workdir, network }
    const report = await launchBeside(order, options, launchers).catch(unavailable)
    if (report.kind === 'failed') throw failedOption(report) ?? cannotRun(report.message, report.code)
    return outcomeOf(report, command, options)
  } finally {
    removeScripts()
    await removeMounts()
  }
}

/** Makes what the machine refuses a "run-unavailable" that says what to grant; other errors are thrown as they are. */
export function unavailable(error: unknown): never {
  const code = systemCode(error)
  if (error instanceof HearthError || code === undefined || !('syscall' in (error as object))) throw error
  throw cannotRun(messageOf(error), code, error)
}

const fixes: Readonly<Record<string, string>> = {
  EPERM: 'Give the container the capabilities SETUID, SETGID, CHOWN and KILL.',
  EAGAIN: 'Let the container have more processes.',
  ENOMEM: 'Give the container more memory.',
}

/** Says why no command can be run among the processes of this container. */
export function cannotRun(why: string, code: string, cause?: unknown): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: 'The command cannot be run in this container',
    why,
    fix: fixes[code],
    cause,
  })
}
