import { resolve } from 'node:path'
import type { Log } from '../log.ts'
import { chooseTier } from '../run/choose-tier.ts'
import { chrootIsolation, chrootLimits } from '../run/chroot.ts'
import { inPlaceIsolation } from '../run/in-place.ts'
import type { Isolation } from '../run/isolation.ts'
import { missingCapabilities, missingForChroot, requireCapabilities } from '../run/missing-capabilities.ts'
import { namespaceIsolation } from '../run/namespaces.ts'
import { inOwnImage, requireOwnImage } from '../run/own-image.ts'
import { probeIsolation } from '../run/probe.ts'
import { inUserNamespace } from '../run/user-namespace.ts'
import type { Variables } from './environment.ts'
import type { ExecutorOptions } from './executor-options.ts'

export interface IsolationSurroundings {
  readonly options: ExecutorOptions
  readonly env: Variables
  /** Where the roots of stages will be. */
  readonly workDir: string
  /** Directory of the context. */
  readonly context: string
  readonly log: Log
}

const ownDirectory = '/kaniko'

/**
 * The way commands are run: the one asked for, or the first that works when it is tried. 'restart' when the program has
 * to be started again in a user namespace for it.
 */
export async function chooseIsolation(around: IsolationSurroundings): Promise<Isolation | 'restart'> {
  const { options, env, workDir, log } = around
  if (inUserNamespace(env)) return namespaceIsolation()
  const { isolation: requested, force } = options
  if (requested === 'in-place') requireOwnImage(force)
  if (requested === 'chroot') requireCapabilities(missingForChroot(missingCapabilities()), 'run commands in a chroot')
  const facts = await probeIsolation({ requested, directory: workDir, path: env.PATH ?? '' })
  // Forcing alone is not enough to delete the files of a machine.
  const inPlaceAllowed = inOwnImage() || requested === 'in-place'
  const { tier, reason } = chooseTier(requested, { ...facts, inPlaceAllowed })
  log.info(`isolation: ${tier} (${reason})`)
  if (tier === 'userns') return 'restart'
  if (tier === 'chroot') {
    for (const limit of chrootLimits) log.warn(limit)
    return chrootIsolation()
  }
  return tier === 'namespaces' ? namespaceIsolation() : inPlace(around)
}

function inPlace({ options, workDir, context, log }: IsolationSurroundings): Isolation {
  const missing = missingCapabilities()
  requireCapabilities(missing)
  for (const { name, for: purpose } of missing) log.debug(`without CAP_${name}: ${purpose} will fail`)
  const { ignorePaths, ignoreVarRun, cacheDir, environment } = options
  const alsoIgnored = [context, workDir, resolve(environment.cwd, cacheDir)]
  return inPlaceIsolation({ ownDirectory, ignorePaths, ignoreVarRun, alsoIgnored })
}
