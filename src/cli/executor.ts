import { resolve } from 'node:path'
import { build } from '../build/build.ts'
import { createImageSource } from '../build/image-source.ts'
import { cacheSummary } from '../build/report.ts'
import type { BuildRooms, ImageSource } from '../build/rooms.ts'
import { contextDirectory } from '../context/context-directory.ts'
import { findDockerfile } from '../context/find-dockerfile.ts'
import { type BuildContext, openContext } from '../context/open-context.ts'
import { type Dockerfile, parseDockerfile } from '../dockerfile/parse.ts'
import { type FinishedImage, finishImage } from '../image/image.ts'
import type { Log } from '../log.ts'
import { planBuild, unusedBuildArgs } from '../plan/plan.ts'
import { renderPlan } from '../plan/render.ts'
import type { BuildPlan } from '../plan/step.ts'
import { namespaceIsolation } from '../run/namespaces.ts'
import { type BuildCache, openBuildCache } from './build-cache.ts'
import { deliver, planOutputs } from './build-outputs.ts'
import type { ExecutorOptions } from './executor-options.ts'
import { parseExecutor } from './parse-executor.ts'
import type { Program, ProgramInput, Sink } from './program.ts'
import { openRegistryAccess, type RegistryAccess } from './registry-access.ts'
import { createProgramLog, reportError } from './report.ts'
import { version } from './version.ts'
import { withWorkDirectory } from './work-directory.ts'

/** The executor: context and Dockerfile → image. */
export const runExecutor: Program = async (input) => {
  const { stdout, stderr } = input
  let options: ExecutorOptions | undefined
  try {
    const parsed = parseExecutor(input.argv, input.env, input.cwd)
    if (parsed.kind === 'build') {
      options = parsed.options
      await execute(options, input)
    } else stdout.write(parsed.kind === 'help' ? parsed.text : `hearth version : ${version()}\n`)
    return 0
  } catch (error) {
    return reportError(error, { stderr, ...(options === undefined ? {} : { log: options.log }) })
  }
}

/** What one run of the executor is made of. */
interface Execution {
  readonly options: ExecutorOptions
  readonly log: Log
  readonly stdout: Sink
  readonly signal: AbortSignal
  readonly registries: RegistryAccess
  readonly workDir: string
}

async function execute(options: ExecutorOptions, { stdout, stderr, signal }: ProgramInput): Promise<void> {
  const log = createProgramLog(options.log, stderr)
  for (const notice of options.notices) log.debug(notice)
  for (const warning of options.warnings) log.warn(warning)
  const { registry: flags, environment, imageDownloadRetry, pushRetry } = options
  const retries = { pull: imageDownloadRetry, push: pushRetry }
  await using registries = await openRegistryAccess({ flags, environment, retries, log })
  const parent = resolve(environment.cwd, options.workDir ?? environment.temporaryDirectory)
  await withWorkDirectory({ parent, log }, (workDir) => {
    return executeIn({ options, log, stdout, signal, registries, workDir })
  })
}

async function executeIn(execution: Execution): Promise<void> {
  const { options, log, stdout, signal, registries, workDir } = execution
  const { dockerfile, context } = await readInput(options, log)
  const outputs = planOutputs({ options, client: registries.push, log, signal })
  const cache = openBuildCache({ options, client: registries.push, workDir, log })
  const images = createImageSource({ client: registries.pull, warm: cache.warm, log, signal })
  const plan = await planOf(dockerfile, options, images)
  if (options.dryrun) {
    stdout.write(renderPlan(plan, plannedOutputs(options)))
    return
  }
  try {
    const image = await buildImage(plan, execution, { context, cache, images })
    await deliver(image, outputs, { options, client: registries.push, log, signal })
    log.info(`Built ${image.manifestDescriptor.digest}`)
  } finally {
    // Layers made before a failure are worth keeping, too.
    await cache.layers?.close()
  }
}

async function readInput(
  options: ExecutorOptions,
  log: Log,
): Promise<{ readonly dockerfile: Dockerfile; readonly context: BuildContext }> {
  const { cwd } = options.environment
  const directory = contextDirectory({ context: options.context, cwd })
  const found = findDockerfile({ dockerfile: options.dockerfile, cwd, directory })
  const dockerfile = parseDockerfile(found.text, { name: options.dockerfile })
  for (const warning of dockerfile.warnings) log.warn(warning)
  for (const name of unusedBuildArgs(dockerfile, options.buildArgs)) {
    log.warn(`--build-arg ${name}: no ARG of ${options.dockerfile} takes it`)
  }
  return { dockerfile, context: await openContext({ context: options.context, cwd, dockerfile: found.path }) }
}

function planOf(dockerfile: Dockerfile, options: ExecutorOptions, images: ImageSource): Promise<BuildPlan> {
  const { target, buildArgs, labels, platform, buildPlatform } = options
  return planBuild(dockerfile, { target, buildArgs, labels, platform, buildPlatform }, async (reference, wanted) => {
    return (await images.find(reference, wanted)).image.config
  })
}

interface BuildInput {
  readonly context: BuildContext
  readonly cache: BuildCache
  readonly images: ImageSource
}

async function buildImage(plan: BuildPlan, execution: Execution, input: BuildInput): Promise<FinishedImage> {
  const { options, log, signal, registries, workDir } = execution
  const { reproducible, singleSnapshot, snapshotMode } = options
  const rooms: BuildRooms = {
    context: input.context,
    store: input.cache.store,
    cache: input.cache.layers,
    cachePolicy: { run: options.cacheRunLayers, copy: options.cacheCopyLayers },
    images: input.images,
    isolation: namespaceIsolation(),
    http: registries.http,
    workDir,
    layers: { compressionLevel: 6, reproducible, singleSnapshot, snapshotMode },
    log,
    now: new Date(),
    signal,
  }
  const { image, steps } = await build(plan, rooms)
  if (input.cache.layers !== undefined) log.info(cacheSummary(steps))
  return finishImage({ ...image, annotations: options.annotations })
}

function plannedOutputs(options: ExecutorOptions): Parameters<typeof renderPlan>[1] {
  const { destinations, push, tarPath, ociLayoutPath } = options
  return { destinations: push ? destinations : [], tarPath, ociLayoutPath }
}
