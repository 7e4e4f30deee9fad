import { resolve } from 'node:path'
import { build } from '../build/build.ts'
import { createImageSource } from '../build/image-source.ts'
import { type NamedContextFiles, openNamedContexts } from '../build/named-contexts.ts'
import { noDownloads } from '../build/no-downloads.ts'
import { noRepositories } from '../build/no-repositories.ts'
import { cacheSummary } from '../build/report.ts'
import type { BuildRooms, ImageSource } from '../build/rooms.ts'
import { findDockerfile } from '../context/find-dockerfile.ts'
import { type BuildContext, openContext, warnOfOwn } from '../context/open-context.ts'
import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import { withExcerpt } from '../dockerfile/excerpt.ts'
import { parseDockerfile } from '../dockerfile/parse.ts'
import type { GitAccess } from '../git/repository.ts'
import { type GitSources, gitSources } from '../git/sources.ts'
import { type FinishedImage, finishImage } from '../image/image.ts'
import type { Log } from '../log.ts'
import type { ImageConfig } from '../oci/image-config.ts'
import { formatPlatform, type Platform } from '../oci/platform.ts'
import { formatReference, type ImageReference } from '../oci/reference.ts'
import { planBuild, unusedBuildArgs } from '../plan/plan.ts'
import { type BuildPlan, hasCacheMounts } from '../plan/step.ts'
import { ignoredPaths } from '../rootfs/ignored-paths.ts'
import { readPathList } from '../rootfs/path-pattern.ts'
import { followParent, inUserNamespace, restartInUserNamespace } from '../run/user-namespace.ts'
import { type BuildCache, openBuildCache } from './build-cache.ts'
import { runBuildChecks } from './build-checks.ts'
import { deliver, planOutputs } from './build-outputs.ts'
import { checkAgents } from './check-agents.ts'
import type { Workplace } from './choose-isolation.ts'
import type { Variables } from './environment.ts'
import type { ExecutorOptions } from './executor-options.ts'
import { fetchContext } from './fetch-context.ts'
import { gitCredentials, gitTexts } from './git-credentials.ts'
import { HeldSink } from './held-sink.ts'
import { withConfigOf } from './kaniko-directory.ts'
import { LazyIsolation } from './lazy-isolation.ts'
import { runLint } from './lint.ts'
import { ownPaths } from './own-paths.ts'
import { parseExecutor } from './parse-executor.ts'
import { openCacheToRead, printPlan } from './print-plan.ts'
import type { Program, ProgramInput, Sink } from './program.ts'
import { readSecrets, textsToMask } from './read-secrets.ts'
import { refuseUnwritable } from './refuse-unwritable.ts'
import { openRegistryAccess, type RegistryAccess } from './registry-access.ts'
import { createProgramLog, reportError } from './report.ts'
import { version } from './version.ts'
import { withWorkDirectory } from './work-directory.ts'

/** The executor: context and Dockerfile → image. */
export const runExecutor: Program = async (input) => {
  const { stdout, stderr } = input
  let options: ExecutorOptions | undefined
  let masked: readonly string[] = []
  try {
    if (inUserNamespace(input.env)) followParent(input.env)
    const parsed = parseExecutor(input.argv, input.env, input.cwd)
    if (parsed.kind === 'lint') return await runLint(parsed.options, input)
    if (parsed.kind === 'build') {
      options = parsed.options
      const given = readSecrets(options.dryrun ? new Map() : options.secrets, input)
      masked = textsToMask([...given.values(), ...gitTexts(options)])
      const outcome = await execute(options, input, { given, masked })
      if (outcome === 'restart') return await restart(input)
    } else stdout.write(parsed.kind === 'help' ? parsed.text : `hearth version : ${version()}\n`)
    return 0
  } catch (error) {
    return reportError(error, { stderr, secrets: masked, ...(options === undefined ? {} : { log: options.log }) })
  }
}

/** Everything that was opened is closed again by now: the same program begins anew, as root of a user namespace. */
function restart({ command, argv, env }: ProgramInput): Promise<number> {
  return restartInUserNamespace({ argv: [...command, ...argv], env })
}

type Outcome = 'done' | 'restart'

/** What one run of the executor is made of. */
interface Execution {
  readonly options: ExecutorOptions
  readonly secrets: Secrets['given']
  readonly env: Variables
  readonly log: Log
  /** What the log writes to: it waits until the isolation is chosen, as another start of the program says it all again. */
  readonly said: HeldSink
  /** Does not wait. */
  readonly firstLog: Log
  readonly stdout: Sink
  readonly signal: AbortSignal
  readonly registries: RegistryAccess
  readonly workDir: string
}

interface Secrets {
  readonly given: ReadonlyMap<string, Buffer>
  /** What nothing may print of them. */
  readonly masked: readonly string[]
}

async function execute(options: ExecutorOptions, input: ProgramInput, secrets: Secrets): Promise<Outcome> {
  const said = new HeldSink(input.stderr)
  try {
    return await executeSaying({ said, secrets }, options, input)
  } finally {
    said.release()
  }
}

async function executeSaying(
  { said, secrets }: { readonly said: HeldSink; readonly secrets: Secrets },
  options: ExecutorOptions,
  input: ProgramInput,
): Promise<Outcome> {
  const { env, stdout, stderr, signal } = input
  const log = createProgramLog(options.log, said, secrets.masked)
  const firstLog = createProgramLog(options.log, stderr, secrets.masked)
  for (const notice of options.notices) log.debug(notice)
  for (const warning of options.warnings) log.warn(warning)
  const { registry: flags, imageDownloadRetry, pushRetry } = options
  const environment = withConfigOf(options)
  const retries = { pull: imageDownloadRetry, push: pushRetry }
  await using registries = await openRegistryAccess({ flags, environment, retries, log })
  const parent = resolve(environment.cwd, options.workDir ?? environment.temporaryDirectory)
  return withWorkDirectory({ parent, log }, (workDir) => {
    const common = { options, secrets: secrets.given, env, log, said, firstLog, stdout, signal }
    return executeIn({ ...common, registries, workDir })
  })
}

async function executeIn(execution: Execution): Promise<Outcome> {
  if (!execution.options.dryrun) refuseUnwritable(execution.options)
  const input = await readInput(execution)
  try {
    return await executeWith(input, execution)
  } catch (error) {
    throw withExcerpt(error, input.dockerfile)
  }
}

async function executeWith({ dockerfile, context, namedContexts, git }: Input, execution: Execution): Promise<Outcome> {
  const { options, log, said, firstLog, stdout, signal, registries, workDir } = execution
  const checked = { dockerfile, options, ignore: context.ignore, log }
  const findings = runBuildChecks(checked)
  const isolations = new LazyIsolation({ ...execution, log: firstLog, context: context.directory })
  // Tried while registries answer.
  if (!options.dryrun && hasCommands(dockerfile)) releaseUnlessRestart(said, isolations)
  else said.release()
  const outputs = planOutputs({ options, client: registries.push, log, signal })
  const cache = options.dryrun
    ? openCacheToRead({ options, workDir, log })
    : openBuildCache({ options, env: execution.env, client: registries.push, workDir, log })
  const images = createImageSource({ client: registries.pull, warm: cache.warm, log, signal })
  const { plan, baseConfig } = await planOf(dockerfile, options, images)
  runBuildChecks(checked, findings, baseConfig)
  if (options.dryrun) {
    await printPlan(
      { plan, options, rooms: roomsOf(execution, { context, namedContexts, git, cache, images }) },
      stdout,
    )
    return 'done'
  }
  if (cache.mountsGo !== undefined && hasCacheMounts(plan)) {
    log.info(`Cache mounts last for this build only: ${cache.mountsGo}`)
  }
  const workplace = await isolations.forPlan(plan)
  if (workplace === 'restart') {
    said.drop()
    return 'restart'
  }
  said.release()
  try {
    const image = await buildImage(plan, execution, { context, namedContexts, git, cache, images, workplace })
    await deliver(image, outputs, { options, client: registries.push, log, signal })
    log.info(`Built ${image.manifestDescriptor.digest}`)
    return 'done'
  } finally {
    // Layers made before a failure are worth keeping, too.
    await cache.layers?.close()
  }
}

function releaseUnlessRestart(said: HeldSink, isolations: LazyIsolation): void {
  const release = (): void => said.release()
  isolations.begin().then((choice) => choice === 'restart' || release(), release)
}

function hasCommands({ stages }: Dockerfile): boolean {
  return stages.some(({ instructions }) => instructions.some(({ kind }) => kind === 'RUN'))
}

interface Input {
  readonly dockerfile: Dockerfile
  readonly context: BuildContext
  readonly namedContexts: NamedContextFiles
  readonly git: GitSources
}

function gitAccess({ options, secrets, env, signal, registries }: Execution): GitAccess {
  const agent = options.agents.get('default')
  const forSsh = agent === undefined ? env : { ...env, SSH_AUTH_SOCK: resolve(options.environment.cwd, agent) }
  return { http: registries.http, credentials: gitCredentials(options, secrets), env: forSsh, signal }
}

/** As for other repositories, but with any certificate if so wished. */
function contextAccess(execution: Execution): GitAccess {
  const access = gitAccess(execution)
  return execution.options.git.insecureSkipTls ? { ...access, http: execution.registries.anyHttp } : access
}

async function readInput(execution: Execution): Promise<Input> {
  const { options, log, signal, registries, workDir } = execution
  const { cwd } = options.environment
  const { directory, title } = await fetchContext(options, { access: contextAccess(execution), workDir, log })
  const found = findDockerfile({ dockerfile: options.dockerfile, cwd, directory })
  const dockerfile = parseDockerfile(found.text, { name: options.dockerfile })
  for (const name of unusedBuildArgs(dockerfile, options.buildArgs)) {
    log.warn(`--build-arg ${name}: no ARG of ${options.dockerfile} takes it`)
  }
  const own = ownPaths(options, workDir)
  const context = await openContext({
    context: directory,
    cwd,
    dockerfile: found.path,
    own,
    ...(title === undefined ? {} : { title }),
  })
  warnOfOwn(context, log)
  const { buildContexts: contexts } = options
  const http = options.dryrun ? noDownloads : registries.http
  const git = options.dryrun ? noRepositories : gitSources({ ...gitAccess(execution), workDir })
  const namedContexts = await openNamedContexts({ contexts, http, git, workDir, own, log, signal })
  return { dockerfile, context, namedContexts, git }
}

interface Planned {
  readonly plan: BuildPlan
  /** The configurations of the base images that were looked at. */
  baseConfig(reference: ImageReference, platform: Platform): ImageConfig | undefined
}

async function planOf(dockerfile: Dockerfile, options: ExecutorOptions, images: ImageSource): Promise<Planned> {
  const { target, alsoBuilt, buildArgs, labels, platform, buildPlatform, buildContexts: contexts } = options
  const configs = new Map<string, ImageConfig>()
  const nameOf = (reference: ImageReference, wanted: Platform): string =>
    `${formatReference(reference)} ${formatPlatform(wanted)}`
  const plan = await planBuild(
    dockerfile,
    { target, alsoBuilt, buildArgs, labels, platform, buildPlatform, contexts },
    async (reference, wanted) => {
      const { config } = (await images.find(reference, wanted)).image
      configs.set(nameOf(reference, wanted), config)
      return config
    },
  )
  return { plan, baseConfig: (reference, wanted) => configs.get(nameOf(reference, wanted)) }
}

interface PlanInput {
  readonly context: BuildContext
  readonly namedContexts: NamedContextFiles
  readonly git: GitSources
  readonly cache: BuildCache
  readonly images: ImageSource
}

interface BuildInput extends PlanInput {
  readonly workplace: Workplace
}

async function buildImage(plan: BuildPlan, execution: Execution, input: BuildInput): Promise<FinishedImage> {
  const { options, log } = execution
  const rooms: BuildRooms = { ...roomsOf(execution, input), ...input.workplace }
  const { image, steps } = await build(plan, rooms)
  if (input.cache.layers !== undefined) log.info(cacheSummary(steps))
  return finishImage({ ...image, annotations: options.annotations })
}

function roomsOf(execution: Execution, input: PlanInput): Omit<BuildRooms, keyof Workplace> {
  const { options, log, signal, registries, workDir } = execution
  const { reproducible, singleSnapshot, snapshotMode } = options
  const unwanted = readPathList(options.ignorePaths)
  return {
    context: input.context,
    namedContexts: input.namedContexts,
    store: input.cache.store,
    cache: input.cache.layers,
    cachePolicy: { run: options.cacheRunLayers, copy: options.cacheCopyLayers },
    mountDirectories: input.cache.mounts,
    secrets: execution.secrets,
    agents: checkAgents(options.agents, options.environment.cwd),
    images: input.images,
    http: registries.http,
    git: input.git,
    workDir,
    layers: { compressionLevel: 6, reproducible, singleSnapshot, snapshotMode },
    cleanUp: options.cleanUp,
    keepRoot: options.preserveContext,
    unwanted: ignoredPaths(unwanted.paths, unwanted.patterns),
    log,
    now: new Date(),
    signal,
  }
}
