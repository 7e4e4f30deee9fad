import { existsSync } from 'node:fs'
import type { Log } from '../log.ts'
import { hostnameArg } from '../plan/scope.ts'
import type { OverlayMarks } from '../rootfs/overlay-mount.ts'
import { chooseTier } from '../run/choose-tier.ts'
import { chrootIsolation, chrootLimits } from '../run/chroot.ts'
import { inPlaceIsolation } from '../run/in-place.ts'
import type { Isolation } from '../run/isolation.ts'
import { missingCapabilities, missingForChroot, requireCapabilities } from '../run/missing-capabilities.ts'
import { namespaceIsolation } from '../run/namespaces.ts'
import { inOwnImage, requireOwnImage } from '../run/own-image.ts'
import { probeIsolation, probeOverlays } from '../run/probe.ts'
import { inUserNamespace } from '../run/user-namespace.ts'
import { canConfineProcesses } from '../sys/landlock.ts'
import { holdsID, knownIDs, ownIDs } from '../sys/own-ids.ts'
import type { Variables } from './environment.ts'
import type { ExecutorOptions } from './executor-options.ts'
import { ownDirectory } from './kaniko-directory.ts'
import { loginFile } from './open-credentials.ts'
import { contextPaths, ownPaths } from './own-paths.ts'

export interface IsolationSurroundings {
  readonly options: ExecutorOptions
  readonly env: Variables
  /** Where the roots of stages will be. */
  readonly workDir: string
  /** Directory of the context. */
  readonly context: string
  readonly log: Log
}

/** How commands are run, and on what roots. */
export interface Workplace {
  readonly isolation: Isolation
  /** How overlays are marked; undefined where each root is unpacked into a directory of its own. */
  readonly overlay: OverlayMarks | undefined
}

/** Of the ids that images use, this is the last. */
const nobody = 65_534

/**
 * The way commands are run: the one asked for, or the first that works when it is tried. 'restart' when the program has
 * to be started again in a user namespace for it.
 */
export async function chooseIsolation(around: IsolationSurroundings): Promise<Workplace | 'restart'> {
  const { options, env, workDir, log } = around
  if (inUserNamespace(env)) return inOwnUserNamespace(around)
  const { isolation: requested, force } = options
  if (requested === 'in-place') requireOwnImage(force)
  if (requested === 'chroot') requireCapabilities(missingForChroot(missingCapabilities()), 'run commands in a chroot')
  const facts = await probeIsolation({ requested, directory: workDir, path: env.PATH ?? '' })
  // Forcing alone is not enough to delete the files of a machine.
  const inPlaceAllowed = inOwnImage() || requested === 'in-place'
  const { tier, reason } = chooseTier(requested, { ...facts, inPlaceAllowed })
  log.info(`isolation: ${tier} (${reason})`)
  switch (tier) {
    case 'userns':
      return 'restart'
    case 'chroot':
      for (const limit of chrootLimits) log.warn(limit)
      warnOfHostname(options, log)
      return { isolation: chrootIsolation(), overlay: undefined }
    case 'in-place':
      warnOfHostname(options, log)
      return { isolation: inPlace(around), overlay: undefined }
    case 'overlay':
      return { isolation: inNamespaces(log), overlay: facts.overlay?.marks }
    case 'namespaces':
      return { isolation: inNamespaces(log), overlay: undefined }
  }
}

function warnOfHostname({ wishes }: ExecutorOptions, log: Log): void {
  if (wishes.hostname !== undefined) log.warn(`--build-arg ${hostnameArg}: commands find the machine's own name here`)
}

async function inOwnUserNamespace({ workDir, log }: IsolationSurroundings): Promise<Workplace> {
  const found = await probeOverlays(workDir)
  log.info(found.works ? 'roots are overlays' : `roots are unpacked one by one; not overlays: ${found.why}`)
  return { isolation: inNamespaces(log), overlay: found.works ? found.marks : undefined }
}

function inNamespaces(log: Log): Isolation {
  // Of matter only where commands share the container's process ids, which shows when the first one is run.
  if (!canConfineProcesses()) log.debug('without Landlock of Linux 6.12, commands may be able to signal hearth')
  const few = (['uid', 'gid'] as const).filter((kind) => !holdsID(ownIDs(kind), nobody))
  if (few.length > 0) log.warn(`commands that use other ids fail: ${knownIDs()}`)
  return namespaceIsolation()
}

function inPlace({ options, workDir, context, log }: IsolationSurroundings): Isolation {
  const missing = missingCapabilities()
  requireCapabilities(missing)
  for (const { name, for: purpose } of missing) log.debug(`without CAP_${name}: ${purpose} will fail`)
  const { ignorePaths, ignoreVarRun, kanikoDir, environment } = options
  const alsoIgnored = [context, ...contextPaths(options), ...ownPaths(options, workDir).map(({ path }) => path)]
  if (kanikoDir !== undefined) alsoIgnored.push(kanikoDir)
  // Credentials are read when a registry asks for them.
  const logins = loginFile(environment)
  if (existsSync(logins)) alsoIgnored.push(logins)
  return inPlaceIsolation({ ownDirectory, ignorePaths, ignoreVarRun, alsoIgnored })
}
