import { arch } from 'node:process'
import { type NamedImage, parseImage } from '../../warmer/wanted-image.ts'
import { asHearthError } from '../errors.ts'
import { hostPlatform } from '../oci/platform.ts'
import { readEnvironment, type Variables } from './environment.ts'
import { judgeFates } from './flags/fates.ts'
import { FlagValues } from './flags/flag-values.ts'
import { type Command, helpText } from './flags/help.ts'
import { readLogFlags } from './flags/log-flags.ts'
import { type Arguments, readArguments } from './flags/read-arguments.ts'
import { readRegistryFlags } from './flags/registry-flags.ts'
import { withUsage, wrongUsage } from './flags/usage.ts'
import { warmerFlags } from './flags/warmer-flags.ts'
import { kanikoVariables } from './kaniko-variables.ts'
import { refusePositionals } from './positionals.ts'
import { given, naming, readBuildArgs, readCacheDir, readPlatform } from './read-values.ts'
import type { ParsedWarmer, RefusedImage, WarmerOptions } from './warmer-options.ts'

export const warmerCommand: Command = {
  name: 'hearth-warmer',
  summary: 'Keeps base images in a cache directory, where builds find them without a registry.',
  commands: ['version'],
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
  const dockerfile = values.optional('dockerfile')
  if (images.length === 0 && dockerfile === undefined) throw refused[0]?.error ?? nothingToWarm()
  const buildArgs = readBuildArgs(values.list('build-arg'), env)
  const buildPlatform = hostPlatform(arch)
  return {
    images,
    refused,
    ...given('dockerfile', dockerfile),
    buildArgs: buildArgs.values,
    cacheDir: readCacheDir(values),
    cacheTtlMs: values.milliseconds('cache-ttl'),
    cacheMaxSize: values.bytes('cache-max-size'),
    force: values.boolean('force'),
    registry: readRegistryFlags(values, env),
    imageDownloadRetry: values.count('image-download-retry'),
    platform: readPlatform(values) ?? buildPlatform,
    buildPlatform,
    log: readLogFlags(values),
    environment: readEnvironment(env, cwd),
    notices,
    warnings: [...read.warnings, ...buildArgs.warnings],
  }
}

/** One name that is none stops no other image: it is reported as one that could not be warmed. */
function readImages(values: FlagValues): Pick<WarmerOptions, 'images' | 'refused'> {
  const images: NamedImage[] = []
  const refused: RefusedImage[] = []
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
    'Name images with --image, or the Dockerfile that is built upon them with --dockerfile.',
  )
}
