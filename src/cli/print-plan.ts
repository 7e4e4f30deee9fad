import { BaseImages } from '../../cache/base-images.ts'
import { KanikoImages } from '../../cache/kaniko-images.ts'
import { localLayerCache } from '../../cache/local.ts'
import { MountDirectories } from '../../cache/mount-directories.ts'
import { forecastBuild } from '../build/forecast.ts'
import type { BuildRooms } from '../build/rooms.ts'
import { BlobStore } from '../content/blob-store.ts'
import type { Log } from '../log.ts'
import { planDocument } from '../plan/plan-document.ts'
import { type PlannedOutputs, renderPlan } from '../plan/render.ts'
import type { BuildPlan } from '../plan/step.ts'
import { namespaceIsolation } from '../run/namespaces.ts'
import { type BuildCache, nothing } from './build-cache.ts'
import type { ExecutorOptions } from './executor-options.ts'
import { openMisses } from './explain-misses.ts'
import type { Sink } from './program.ts'

export interface ReadingOptions {
  readonly options: ExecutorOptions
  readonly workDir: string
  readonly log: Log
}

const nothingToClose = { [Symbol.asyncDispose]: async (): Promise<void> => {} }

/** The cache directory as it is: nothing is made or written there, and the cache repository is not asked. */
export function openCacheToRead({ options, workDir, log }: ReadingOptions): BuildCache {
  const temporary = BlobStore.open(`${workDir}/store`, { readOnly: false })
  const mounts = { mounts: new MountDirectories({ directory: `${workDir}/mounts` }), mountsGo: undefined }
  if (!options.cache) return { store: temporary, ...nothing, ...mounts, ...nothingToClose }
  const { cacheDir: directory, cacheTtlMs: ttlMs, cachePlaces } = options
  const store = BlobStore.open(directory, { readOnly: true })
  // That a directory is only read needs no saying here.
  const quiet = { ...log, info() {} }
  const local = localLayerCache({ directory, store, ttlMs, readOnly: true, log: quiet, now: () => new Date() })
  const layers = cachePlaces.local.read ? local : undefined
  const warm = BaseImages.open(directory, { readOnly: true, log, ttlMs, store })
  const kaniko = new KanikoImages({ directory, log })
  return {
    store: temporary,
    ...nothing,
    layers,
    warm,
    kaniko,
    misses: openMisses(options, directory),
    ...mounts,
    ...nothingToClose,
  }
}

export interface PlanToPrint {
  readonly plan: BuildPlan
  readonly options: ExecutorOptions
  /** All that a build would work with but for a way to run commands. */
  readonly rooms: Omit<BuildRooms, 'isolation' | 'overlay'>
}

/** Prints a plan with what the cache directory says about its steps. */
export async function printPlan({ plan, options, rooms }: PlanToPrint, stdout: Sink): Promise<void> {
  const forecast = await forecastBuild(plan, { ...rooms, isolation: namespaceIsolation(), overlay: undefined })
  const print = options.planFormat === 'json' ? planDocument : renderPlan
  stdout.write(print(plan, plannedOutputs(options), forecast))
}

function plannedOutputs({ destinations, push, tarPath, ociLayoutPath }: ExecutorOptions): PlannedOutputs {
  return { destinations: push ? destinations : [], tarPath, ociLayoutPath }
}
