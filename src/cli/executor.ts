import { resolve } from 'node:path'
import { build } from '../build/build.ts'
import { createImageSource } from '../build/image-source.ts'
import { cacheSummary } from '../build/report.ts'
import type { BuildRooms } from '../build/rooms.ts'
import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import { withExcerpt } from '../dockerfile/excerpt.ts'
import { type FinishedImage, finishImage } from '../image/image.ts'
import { type BuildPlan, hasCacheMounts } from '../plan/step.ts'
import { followParent, inUserNamespace, restartInUserNamespace } from '../run/user-namespace.ts'
import { openBuildCache } from './build-cache.ts'
import { runBuildChecks } from './build-checks.ts'
import { canMount, deliver, planOutputs } from './build-outputs.ts'
import { cacheCommands } from './cache/commands.ts'
import type { Workplace } from './choose-isolation.ts'
import { contextArchive } from './context-archive.ts'
import type { Execution, Secrets } from './execution.ts'
import { executorCommands } from './executor-commands.ts'
import type { ExecutorOptions } from './executor-options.ts'
import { fetchedContext } from './fetch-context.ts'
import { gitTexts } from './git-credentials.ts'
import { HeldSink } from './held-sink.ts'
import { withConfigOf } from './kaniko-directory.ts'
import { LazyIsolation } from './lazy-isolation.ts'
import { runLint } from './lint.ts'
import { parseExecutor } from './parse-executor.ts'
import { planOf } from './plan-on-images.ts'
import { openCacheToRead, printPlan } from './print-plan.ts'
import type { Program, ProgramInput } from './program.ts'
import { type BuildInput, readInput } from './read-input.ts'
import { readSecrets, textsToMask } from './read-secrets.ts'
import { refuseUnwritable } from './refuse-unwritable.ts'
import { openRegistryAccess } from './registry-access.ts'
import { createProgramLog, reportError } from './report.ts'
import { type PlanInput, roomsOf } from './rooms-of.ts'
import { runSubcommand } from './run-subcommand.ts'
import { version } from './version.ts'
import { withWorkDirectory } from './work-directory.ts'

/** The executor: context and Dockerfile → image. */
export const runExecutor: Program = async (input) => {
  const { stdout, stderr } = input
  let options: ExecutorOptions | undefined
  let masked: readonly string[] = []
  try {
    if (inUserNamespace(input.env)) followParent(input.env)
    const [word = ''] = input.argv
    if (executorCommands.commands.some(({ name }) => name === word)) {
      return await runSubcommand(executorCommands, input.argv, input)
    }
    if (word === 'cache') return await runSubcommand(cacheCommands, input.argv.slice(1), input)
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
  const { env, stdin, stdout, stderr, signal } = input
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
    const common = {
      options,
      secrets: secrets.given,
      masked: secrets.masked,
      env,
      log,
      said,
      firstLog,
      stdin,
      stdout,
      signal,
    }
    return executeIn({ ...common, registries, workDir })
  })
}

async function executeIn(execution: Execution): Promise<Outcome> {
  if (!execution.options.dryrun) refuseUnwritable(execution.options)
  const early = isolationBeforeInput(execution)
  if ((await early?.begin().catch(() => undefined)) === 'restart') {
    execution.said.drop()
    return 'restart'
  }
  const input = await readInput(execution)
  try {
    return await executeWith(input, execution, early)
  } catch (error) {
    throw withExcerpt(error, input.dockerfile)
  }
}

/**
 * Standard input can be read once, and a program that has to start again must find it: whether it has to is found out
 * first. What goes wrong with that is told later, if the build has commands at all.
 */
function isolationBeforeInput(execution: Execution): LazyIsolation | undefined {
  const { options, firstLog, workDir } = execution
  if (options.dryrun || contextArchive(options.context, '/')?.kind !== 'stdin') return undefined
  return new LazyIsolation({ ...execution, log: firstLog, context: fetchedContext(workDir) })
}

async function executeWith(
  { dockerfile, context, namedContexts, git }: BuildInput,
  execution: Execution,
  early: LazyIsolation | undefined,
): Promise<Outcome> {
  const { options, log, said, firstLog, stdout, signal, registries, workDir } = execution
  const checked = { dockerfile, options, ignore: context.ignore, log }
  const findings = runBuildChecks(checked)
  const isolations = early ?? new LazyIsolation({ ...execution, log: firstLog, context: context.directory })
  // Tried while registries answer.
  if (!options.dryrun && hasCommands(dockerfile)) releaseUnlessRestart(said, isolations)
  else said.release()
  const outputs = planOutputs({ options, client: registries.push, log, signal })
  await using cache = options.dryrun
    ? openCacheToRead({ options, workDir, log })
    : openBuildCache({ options, env: execution.env, client: registries.push, workDir, log, signal })
  const images = createImageSource({ client: registries.pull, warm: cache.warm, kaniko: cache.kaniko, log, signal })
  const { plan, baseConfig } = await planOf(dockerfile, options, images)
  runBuildChecks(checked, findings, baseConfig)
  if (options.dryrun) {
    await printPlan(
      { plan, options, rooms: roomsOf(execution, { context, namedContexts, git, cache, images }) },
      stdout,
    )
    cache.misses?.close()
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
  if (cache.trees !== undefined && workplace.overlay === undefined && hasCommands(dockerfile)) {
    log.info('--cache-unpacked has no use here: roots are unpacked one by one')
  }
  try {
    const image = await buildImage(plan, execution, { context, namedContexts, git, cache, images, workplace })
    if (canMount(options)) await cache.settled()
    await deliver(image, outputs, { options, client: registries.push, http: registries.http, log, signal })
    log.info(`Built ${image.manifestDescriptor.digest}`)
    return 'done'
  } finally {
    cache.misses?.close()
    // Layers made before a failure are worth keeping, too.
    await cache.layers?.close()
    await cache.tables?.settled()
    await cache.trees?.close()
  }
}

function releaseUnlessRestart(said: HeldSink, isolations: LazyIsolation): void {
  const release = (): void => said.release()
  isolations.begin().then((choice) => choice === 'restart' || release(), release)
}

function hasCommands({ stages }: Dockerfile): boolean {
  return stages.some(({ instructions }) => instructions.some(({ kind }) => kind === 'RUN'))
}

interface PlacedInput extends PlanInput {
  readonly workplace: Workplace
}

async function buildImage(plan: BuildPlan, execution: Execution, input: PlacedInput): Promise<FinishedImage> {
  const { options, log } = execution
  const rooms: BuildRooms = { ...roomsOf(execution, input), ...input.workplace }
  const { image, steps } = await build(plan, rooms)
  if (input.cache.layers !== undefined) log.info(cacheSummary(steps))
  return finishImage({ ...image, annotations: options.annotations }, options.imageFormat)
}
