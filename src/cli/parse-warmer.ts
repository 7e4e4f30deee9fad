import { arch } from 'node:process'
import { type BuildArgMatrix, combinationCount, maxCombinations } from '../../warmer/build-arg-matrix.ts'
import { parsePlatformList } from '../../warmer/image-list.ts'
import { type NamedImage, parseImage, type Refusal } from '../../warmer/wanted-image.ts'
import { asHearthError } from '../errors.ts'
import { hostPlatform, type Platform } from '../oci/platform.ts'
import { readEnvironment, type Variables } from './environment.ts'
import { judgeFates } from './flags/fates.ts'
import { FlagValues } from './flags/flag-values.ts'
import { type Command, helpText } from './flags/help.ts'
import { readLogFlags } from './flags/log-flags.ts'
import { splitPair } from './flags/pairs.ts'
import { type Arguments, readArguments } from './flags/read-arguments.ts'
import { readRegistryFlags } from './flags/registry-flags.ts'
import { withUsage, wrongUsage } from './flags/usage.ts'
import { warmerFlags } from './flags/warmer-flags.ts'
import { kanikoVariables } from './kaniko-variables.ts'
import { refusePositionals } from './positionals.ts'
import { given, naming, readBuildArgs, readCacheDir } from './read-values.ts'
import type { ParsedWarmer, WarmerOptions } from './warmer-options.ts'

export const warmerCommand: Command = {
  name: 'hearth-warmer',
  summary: 'Keeps base images in a cache directory, where builds find them without a registry.',
  commands: ['version', 'ls', 'prune'],
  flags: warmerFlags,
}

/** Reads the warmer's command line. Throws a UsageError for one that makes no sense. */
export function parseWarmer(argv: readonly string[], env: Variables, cwd: string): ParsedWarmer {
  return withUsage(
    () => helpText(warmerCommand),
    () => {
      const read = readArguments(argv, warmerFlags)
      const values = new FlagValues(warmerFlags, read.given)
      if (values.boolean('help') || read.positionals[0] === 'help')
        return { kind: 'help', text: helpText(warmerCommand) }
      if (read.positionals[0] === 'version') return { kind: 'version' }
      refusePositionals(read.positionals, { command: 'warmer', unsupported: ['completion'] })
      return { kind: 'warm', options: Object.freeze(warmerOptions(read, { values, env, cwd })) }
    },
  )
}

interface Surroundings {
  readonly values: FlagValues
  readonly env: Variables
  readonly cwd: string
}

function warmerOptions(read: Arguments, { values, env, cwd }: Surroundings): WarmerOptions {
  const notices = [...judgeFates(warmerFlags, read.given), ...kanikoVariables(env)]
  const { images, refused } = readImages(values)
  const [lists, dockerfiles] = ['image-list', 'dockerfile'].map((name) => values.list(name).filter(isGiven))
  const isEmpty = [images, lists, dockerfiles].every((wishes) => wishes?.length === 0)
  if (isEmpty) throw refused[0]?.error ?? nothingToWarm()
  const buildArgs = readBuildArgs(values.list('build-arg'), env)
  const matrix = readBuildArgMatrix(values, buildArgs.values)
  const buildPlatform = hostPlatform(arch)
  const platforms = readPlatforms(values) ?? [buildPlatform]
  const common = { buildArgs: buildArgs.values, matrix, platforms, buildPlatform, cwd }
  return {
    wishes: { images, lists: lists ?? [], dockerfiles: dockerfiles ?? [], ...common },
    refused,
    cacheDir: readCacheDir(values),
    cacheTtlMs: values.milliseconds('cache-ttl'),
    cacheMaxSize: values.bytes('cache-max-size'),
    force: values.boolean('force'),
    unpack: values.boolean('unpack'),
    ...readLockFlags(values),
    parallel: atLeastOne(values, 'parallel'),
    format: values.text('format') as WarmerOptions['format'],
    ...given('report', values.optional('report')),
    failOn: values.text('fail-on') as WarmerOptions['failOn'],
    progressMs: values.milliseconds('progress'),
    registry: readRegistryFlags(values, env),
    imageDownloadRetry: values.count('image-download-retry'),
    log: readLogFlags(values),
    environment: readEnvironment(env, cwd),
    notices,
    warnings: [...read.warnings, ...buildArgs.warnings],
  }
}

function isGiven(text: string): boolean {
  return text !== ''
}

function readLockFlags(values: FlagValues): Pick<WarmerOptions, 'lockFile' | 'locked'> {
  const lockFile = values.optional('lock-file')
  const locked = values.boolean('locked')
  if (locked && lockFile === undefined) {
    throw wrongUsage('--locked needs a lock file', 'Name it with --lock-file.')
  }
  return { ...given('lockFile', lockFile), locked }
}

function atLeastOne(values: FlagValues, flag: string): number {
  const count = values.count(flag)
  if (count > 0) return count
  throw wrongUsage(`--${flag} must be at least 1`)
}

/** Undefined when no platform was given. */
function readPlatforms(values: FlagValues): readonly Platform[] | undefined {
  const texts = values.list('custom-platform').filter(isGiven)
  if (texts.length === 0) return undefined
  return texts.flatMap((text) => naming('--custom-platform', () => parsePlatformList(text)))
}

/** "NAME=a,b": values of one name add up in the order given. */
function readBuildArgMatrix(values: FlagValues, buildArgs: Readonly<Record<string, string>>): BuildArgMatrix {
  const matrix = new Map<string, readonly string[]>()
  for (const text of values.list('build-arg-matrix')) {
    const [name, list] = splitPair(text) ?? [text, '']
    if (name === '' || list === '') {
      throw wrongUsage(`--build-arg-matrix must be NAME=value[,value…], got ${JSON.stringify(text)}`)
    }
    if (Object.hasOwn(buildArgs, name)) throw wrongUsage(`${name} has both a --build-arg and a --build-arg-matrix`)
    matrix.set(name, [...new Set([...(matrix.get(name) ?? []), ...list.split(',')])])
  }
  const count = combinationCount(matrix)
  if (count <= maxCombinations) return matrix
  throw wrongUsage(
    `--build-arg-matrix makes ${count} combinations, and at most ${maxCombinations} are tried`,
    'Give fewer values, or several runs.',
  )
}

/** One name that is none stops no other image: it is reported as one that could not be warmed. */
function readImages(values: FlagValues): {
  readonly images: readonly NamedImage[]
  readonly refused: readonly Refusal[]
} {
  const images: NamedImage[] = []
  const refused: Refusal[] = []
  for (const text of values.list('image')) {
    try {
      images.push(naming('--image', () => parseImage(text)))
    } catch (error) {
      refused.push({ text, error: asHearthError(error) })
    }
  }
  return { images, refused }
}

function nothingToWarm(): Error {
  return wrongUsage(
    'you must select at least one image to cache or a dockerfilepath to parse',
    'Name images with --image or in an --image-list, or the Dockerfile that is built upon them with --dockerfile.',
  )
}
