import { resolve } from 'node:path'
import { arch } from 'node:process'
import type { CachePolicy } from '../build/rooms.ts'
import type { ImageFormat } from '../image/image.ts'
import type { NewCompression } from '../image/layer.ts'
import { hostPlatform } from '../oci/platform.ts'
import { buildWishes } from '../plan/front-end-args.ts'
import { timeArg } from '../plan/scope.ts'
import { readAgentFlags } from './agent-flags.ts'
import { readCachePlaces } from './cache-places.ts'
import { readEnvironment, type Variables } from './environment.ts'
import type {
  ExecutorOptions,
  ExplainForm,
  IsolationChoice,
  ParsedExecutor,
  PlanFormat,
  SnapshotMode,
} from './executor-options.ts'
import { executorFlags } from './flags/executor-flags.ts'
import { judgeFates } from './flags/fates.ts'
import { FlagValues } from './flags/flag-values.ts'
import { type Command, helpText } from './flags/help.ts'
import { readLogFlags } from './flags/log-flags.ts'
import { planFlags } from './flags/plan-flags.ts'
import { type Arguments, readArguments } from './flags/read-arguments.ts'
import { readRegistryFlags } from './flags/registry-flags.ts'
import { parseBoolean } from './flags/scalars.ts'
import { withUsage, wrongUsage } from './flags/usage.ts'
import { readGitFlags } from './git-flags.ts'
import { ownDirectory } from './kaniko-directory.ts'
import { kanikoVariables } from './kaniko-variables.ts'
import { parseLint } from './parse-lint.ts'
import { refusePositionals } from './positionals.ts'
import { readBuildContexts } from './read-build-contexts.ts'
import {
  given,
  readBuildArgs,
  readCacheDir,
  readCacheRepo,
  readIgnoredPaths,
  readPairs,
  readPlatform,
  readReferences,
  readTargets,
} from './read-values.ts'
import { readSecretFlags } from './secret-flags.ts'

export const executorCommand: Command = {
  name: 'hearth-executor',
  summary: 'Builds a container image from a Dockerfile, without a daemon.',
  commands: ['version', 'lint [flags]', 'plan [flags]', 'cache <command> [flags]', 'login [flags] <registry>'],
  flags: executorFlags,
}

export const planCommand: Command = {
  name: 'hearth-executor plan',
  summary: 'Prints what a build with the same flags would do, and builds nothing.',
  commands: [],
  flags: planFlags,
}

/** Reads the executor's command line. Throws a UsageError for one that makes no sense. */
export function parseExecutor(argv: readonly string[], env: Variables, cwd: string): ParsedExecutor {
  if (argv[0] === 'lint') return parseLint(argv.slice(1), env, cwd)
  if (argv[0] === 'plan') return parsePlan(argv.slice(1), env, cwd)
  return withUsage(
    () => helpText(executorCommand),
    () => {
      const read = readArguments(argv, executorFlags)
      const values = new FlagValues(executorFlags, read.given)
      const [word] = read.positionals
      if (values.boolean('help') || word === 'help') return { kind: 'help', text: helpText(executorCommand) }
      if (word === 'version') return { kind: 'version' }
      if (word === 'lint' || word === 'plan' || word === 'cache' || word === 'login')
        throw wrongUsage(`"${word}" stands behind flags`, 'Write it first.')
      refusePositionals(read.positionals, { command: 'executor', unsupported: ['push', 'completion'] })
      const push = !readSwitch(values, 'no-push', env.KANIKO_NO_PUSH)
      checkDestinations(values, push)
      const options = executorOptions(read, { values, env, cwd, push })
      return { kind: 'build', options: Object.freeze({ ...options, dryrun: values.boolean('dryrun') }) }
    },
  )
}

/** A plan takes the flags of a build; where the image would go may be left open. */
function parsePlan(argv: readonly string[], env: Variables, cwd: string): ParsedExecutor {
  return withUsage(
    () => helpText(planCommand),
    () => {
      const read = readArguments(argv, planFlags)
      const values = new FlagValues(planFlags, read.given)
      if (values.boolean('help') || read.positionals[0] === 'help') return { kind: 'help', text: helpText(planCommand) }
      refusePositionals(read.positionals, { command: 'executor plan', unsupported: [] })
      const push = !readSwitch(values, 'no-push', env.KANIKO_NO_PUSH)
      const options = executorOptions(read, { values, env, cwd, push })
      const planFormat = values.text('format') as PlanFormat
      return { kind: 'build', options: Object.freeze({ ...options, dryrun: true, planFormat }) }
    },
  )
}

interface Surroundings {
  readonly values: FlagValues
  readonly env: Variables
  readonly cwd: string
  readonly push: boolean
}

function executorOptions(read: Arguments, { values, env, cwd, push }: Surroundings): ExecutorOptions {
  const { git, ...said } = readGitFlags(values, env)
  const notices = [...judgeFates(executorFlags, read.given), ...kanikoVariables(env), ...said.notices]
  const destinations = readReferences(values, 'destination')
  const buildArgs = readBuildArgs([...timeOfBuild(env), ...values.list('build-arg')], env)
  const buildPlatform = hostPlatform(arch)
  return {
    dockerfile: values.text('dockerfile'),
    context: values.text('context'),
    ...given('contextSubPath', values.optional('context-sub-path')),
    git,
    destinations,
    push,
    ...outputs(values),
    buildArgs: buildArgs.values,
    wishes: buildWishes(buildArgs.values),
    secrets: readSecretFlags(values.list('secret'), env),
    agents: readAgentFlags(values.list('ssh'), env),
    labels: readPairs(values, 'label'),
    annotations: readPairs(values, 'annotation'),
    ...readTargets(values),
    buildContexts: readBuildContexts(values, cwd),
    ...cacheOptions(values, push ? destinations[0] : undefined),
    singleSnapshot: values.boolean('single-snapshot'),
    snapshotMode: values.text('snapshot-mode') as SnapshotMode,
    reproducible: values.boolean('reproducible'),
    ...format(values),
    registry: readRegistryFlags(values, env),
    pushRetry: values.count('push-retry'),
    keepsImmutableTags: values.boolean('push-ignore-immutable-tag-errors'),
    imageDownloadRetry: values.count('image-download-retry'),
    platform: readPlatform(values) ?? buildPlatform,
    buildPlatform,
    log: readLogFlags(values),
    dryrun: false,
    planFormat: 'text',
    ...running(values, env),
    force: values.boolean('force'),
    ...directories(values, { env, cwd }),
    environment: readEnvironment(env, cwd),
    notices,
    warnings: [...read.warnings, ...buildArgs.warnings, ...said.warnings, ...withoutCache(values)],
  }
}

/** As with Docker, the variable stands for the build argument. */
function timeOfBuild(env: Variables): readonly string[] {
  return (env[timeArg] ?? '') === '' ? [] : [timeArg]
}

function running(values: FlagValues, env: Variables): RunningOptions {
  return {
    isolation: values.text('isolation') as IsolationChoice,
    cleanUp: readSwitch(values, 'cleanup', env.KANIKO_CLEANUP),
    preserveContext: readSwitch(values, 'preserve-context', env.KANIKO_PRESERVE_CONTEXT),
    ignorePaths: readIgnoredPaths(values),
    ignoreVarRun: values.boolean('ignore-var-run'),
  }
}

type RunningOptions = Pick<
  ExecutorOptions,
  'isolation' | 'cleanUp' | 'preserveContext' | 'ignorePaths' | 'ignoreVarRun'
>

/** kaniko keeps its files and what it works on in one directory; what is read is where it is, so only the latter moves. */
function directories(values: FlagValues, { env, cwd }: Pick<Surroundings, 'env' | 'cwd'>): DirectoryOptions {
  const named = values.optional('kaniko-dir') ?? (env.KANIKO_DIR || undefined)
  const absolute = named === undefined ? undefined : resolve(cwd, named)
  const kanikoDir = absolute === ownDirectory ? undefined : absolute
  const workDir = values.optional('work-dir') ?? (env.HEARTH_WORK_DIR || kanikoDir)
  return { ...given('kanikoDir', kanikoDir), ...given('workDir', workDir) }
}

type DirectoryOptions = Pick<ExecutorOptions, 'kanikoDir' | 'workDir'>

function outputs(values: FlagValues): Pick<ExecutorOptions, 'tarPath' | 'ociLayoutPath' | 'digestFile'> {
  return {
    ...given('tarPath', values.optional('tar-path')),
    ...given('ociLayoutPath', values.optional('oci-layout-path')),
    ...given('digestFile', values.optional('digest-file')),
    ...given('imageNameWithDigestFile', values.optional('image-name-with-digest-file')),
    ...given('imageNameTagWithDigestFile', values.optional('image-name-tag-with-digest-file')),
  }
}

/** zlib's own default, and zstd's: levels above cost much time for little. */
const defaultLevels = { gzip: 6, zstd: 3 } as const
const highestLevels = { gzip: 9, zstd: 22 } as const

function format(values: FlagValues): Pick<ExecutorOptions, 'compression' | 'imageFormat'> {
  const compression = (values.optional('compression') ?? 'gzip') as NewCompression
  const imageFormat = (values.optional('image-format') ?? 'oci') as ImageFormat
  const level = values.integer('compression-level')
  const highest = highestLevels[compression]
  if (level > highest) {
    throw wrongUsage(
      `--compression-level=${level}: ${compression} has levels up to ${highest}`,
      'Leave it out for a good one.',
    )
  }
  if (compression === 'zstd' && values.optional('tar-path') !== undefined) {
    throw wrongUsage('--tar-path and --compression=zstd cannot be used together', 'Docker loads gzip from an archive.')
  }
  if (compression === 'zstd' && imageFormat === 'docker') {
    throw wrongUsage(
      '--image-format=docker and --compression=zstd cannot be used together',
      "Docker's format has no zstd.",
    )
  }
  const compressionLevel = level > 0 ? level : defaultLevels[compression]
  return { compression: { compression, compressionLevel }, imageFormat }
}

type CacheOptions = Pick<
  ExecutorOptions,
  | 'cache'
  | 'cacheDir'
  | 'cachePlaces'
  | 'cacheTtlMs'
  | 'cacheMaxSize'
  | 'cacheMountMaxSize'
  | 'cacheRunLayers'
  | 'cacheCopyLayers'
  | 'cacheUnpacked'
  | 'sameStepWaitMs'
  | 'explain'
>

function cacheOptions(values: FlagValues, pushedTo: string | undefined): CacheOptions {
  return {
    cache: values.boolean('cache'),
    cacheDir: readCacheDir(values),
    cachePlaces: readCachePlaces(values, { cacheRepo: readCacheRepo(values), pushedTo }),
    cacheTtlMs: values.milliseconds('cache-ttl'),
    cacheMaxSize: values.bytes('cache-max-size'),
    cacheMountMaxSize: values.bytes('cache-mount-max-size'),
    cacheRunLayers: values.boolean('cache-run-layers') ? 'all' : 'none',
    cacheCopyLayers: copyPolicy(values),
    cacheUnpacked: values.boolean('cache-unpacked'),
    sameStepWaitMs: values.milliseconds('same-step-wait'),
    explain: values.text('explain') as ExplainForm,
  }
}

function withoutCache(values: FlagValues): readonly string[] {
  if (!values.boolean('cache-unpacked') || values.boolean('cache')) return []
  return ['--cache-unpacked does nothing without --cache']
}

/** Copies are cheap to keep and dear to push: unless asked, they stay in the local directory. */
function copyPolicy(values: FlagValues): CachePolicy {
  if (!values.isGiven('cache-copy-layers')) return 'local'
  return values.boolean('cache-copy-layers') ? 'all' : 'none'
}

/** Set, a variable goes before its flag, whatever either says. */
function readSwitch(values: FlagValues, flag: string, variable: string | undefined): boolean {
  if (variable === undefined || variable === '') return values.boolean(flag)
  try {
    return parseBoolean(variable)
  } catch {
    const name = `KANIKO_${flag.toUpperCase().replaceAll('-', '_')}`
    throw wrongUsage(`invalid value ${JSON.stringify(variable)} for ${name}`, 'Set it to true or false, or unset it.')
  }
}

function checkDestinations(values: FlagValues, push: boolean): void {
  if (values.list('destination').length > 0) return
  if (push) throw wrongUsage('you must provide --destination, or use --no-push')
  for (const [flag, name] of [
    ['image-name-with-digest-file', 'ImageNameDigestFile'],
    ['image-name-tag-with-digest-file', 'ImageNameTagDigestFile'],
  ] as const) {
    if (values.optional(flag) !== undefined) {
      throw wrongUsage(`you must provide --destination if setting ${name}`, `--${flag} writes names of destinations.`)
    }
  }
}
