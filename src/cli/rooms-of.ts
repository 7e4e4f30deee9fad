import type { NamedContextFiles } from '../build/named-contexts.ts'
import type { BuildRooms, ImageSource } from '../build/rooms.ts'
import type { BuildContext } from '../context/open-context.ts'
import type { GitSources } from '../git/sources.ts'
import { ignoredPaths } from '../rootfs/ignored-paths.ts'
import { readPathList } from '../rootfs/path-pattern.ts'
import type { BuildCache } from './build-cache.ts'
import { checkAgents } from './check-agents.ts'
import type { Workplace } from './choose-isolation.ts'
import type { Execution } from './execution.ts'
import { tellMisses } from './explain-misses.ts'

/** What is opened before a plan is made. */
export interface PlanInput {
  readonly context: BuildContext
  readonly namedContexts: NamedContextFiles
  readonly git: GitSources
  readonly cache: BuildCache
  readonly images: ImageSource
}

/** All that a build works with, but for a way to run commands. */
export function roomsOf(execution: Execution, input: PlanInput): Omit<BuildRooms, keyof Workplace> {
  const { options, log, signal, registries, workDir } = execution
  const { reproducible, singleSnapshot, snapshotMode, ignorePaths, ignoreVarRun, wishes, compression } = options
  const unwanted = readPathList(ignorePaths)
  const { misses: reader } = input.cache
  return {
    context: input.context,
    namedContexts: input.namedContexts,
    store: input.cache.store,
    cache: input.cache.layers,
    flights: input.cache.flights,
    ...(reader === undefined ? {} : { misses: { reader, tell: tellMisses(execution) } }),
    cachePolicy: { run: options.cacheRunLayers, copy: options.cacheCopyLayers },
    mountDirectories: input.cache.mounts,
    secrets: execution.secrets,
    agents: checkAgents(options.agents, options.environment.cwd),
    images: input.images,
    tables: input.cache.tables,
    unpackedTrees: input.cache.trees,
    http: registries.http,
    downloads: input.cache.downloads,
    git: input.git,
    workDir,
    layers: {
      ...{ ...compression, reproducible, epoch: wishes.epoch, singleSnapshot, snapshotMode },
      ignorePaths: ignoreVarRun ? [...ignorePaths, 'var/run'] : ignorePaths,
    },
    cleanUp: options.cleanUp,
    keepRoot: options.preserveContext,
    unwanted: ignoredPaths(unwanted.paths, unwanted.patterns),
    log,
    now: new Date(),
    signal,
  }
}
