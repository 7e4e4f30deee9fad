import { resolve } from 'node:path'
import type { BaseImages } from '../../cache/base-images.ts'
import { keepWithin } from '../../cache/limits.ts'
import { describeResult, describeResults } from '../../warmer/describe-result.ts'
import { imagesOfDockerfile } from '../../warmer/image-list.ts'
import { openImages } from '../../warmer/open-images.ts'
import type { WantedImage } from '../../warmer/wanted-image.ts'
import { warmImages } from '../../warmer/warm.ts'
import type { WarmResult } from '../../warmer/warm-result.ts'
import { findDockerfile } from '../context/find-dockerfile.ts'
import { parseDockerfile } from '../dockerfile/parse.ts'
import { HearthError } from '../errors.ts'
import type { Log } from '../log.ts'
import { formatReference } from '../oci/reference.ts'
import { parseWarmer } from './parse-warmer.ts'
import type { Program, ProgramInput, Sink } from './program.ts'
import { openRegistryAccess } from './registry-access.ts'
import { createProgramLog, reportError } from './report.ts'
import { version } from './version.ts'
import type { WarmerOptions } from './warmer-options.ts'

/** The warmer: references → images in the cache directory. */
export const runWarmer: Program = async (input) => {
  const { stdout, stderr } = input
  let options: WarmerOptions | undefined
  try {
    const parsed = parseWarmer(input.argv, input.env, input.cwd)
    if (parsed.kind === 'warm') {
      options = parsed.options
      await warm(options, input)
    } else stdout.write(parsed.kind === 'help' ? parsed.text : `hearth version : ${version()}\n`)
    return 0
  } catch (error) {
    return reportError(error, { stderr, ...(options === undefined ? {} : { log: options.log }) })
  }
}

async function warm(options: WarmerOptions, input: ProgramInput): Promise<void> {
  const log = createProgramLog(options.log, input.stderr)
  for (const notice of options.notices) log.debug(notice)
  for (const warning of options.warnings) log.warn(warning)
  const wanted = wantedImages(options, log)
  const { environment, cacheDir, cacheTtlMs: ttlMs, cacheMaxSize: maxSize } = options
  const images = await openImages(resolve(environment.cwd, cacheDir), { ttlMs, log })
  try {
    await warmInto(images, wanted, { options, log, input })
  } finally {
    images.close()
    await keepWithin(images.directory, { maxSize, ttlMs: Number.POSITIVE_INFINITY }, { log, signal: input.signal })
  }
}

interface Warming {
  readonly options: WarmerOptions
  readonly log: Log
  readonly input: ProgramInput
}

async function warmInto(images: BaseImages, wanted: readonly WantedImage[], warming: Warming): Promise<void> {
  const { options, log, input } = warming
  const { stderr, signal } = input
  const { registry: flags, environment, imageDownloadRetry, force } = options
  await using registries = await openRegistryAccess({
    flags,
    environment,
    retries: { pull: imageDownloadRetry, push: 0 },
    log,
  })
  for (const { error } of options.refused) reportError(error, { stderr, log: options.log })
  const onResult = (result: WarmResult): void => report(result, { options, stderr, log })
  const results = await warmImages(wanted, { images, client: registries.pull, force, log, onResult, signal })
  log.info(describeResults(results))
  const failed = results.filter(({ kind }) => kind === 'failed').map(({ wanted }) => formatReference(wanted.reference))
  const names = [...options.refused.map(({ text }) => text), ...failed]
  if (names.length > 0) throw someFailed(names, options.refused.length + results.length)
}

/** What --image names, from here; then what the Dockerfile is built upon. */
function wantedImages(options: WarmerOptions, log: Log): readonly WantedImage[] {
  const { platform, dockerfile } = options
  const { cwd } = options.environment
  const named = options.images.map((image): WantedImage => {
    if (image.layout === undefined) return { ...image, platform }
    return { ...image, platform, layout: { ...image.layout, directory: resolve(cwd, image.layout.directory) } }
  })
  if (dockerfile === undefined) return named
  const { text } = findDockerfile({ dockerfile, cwd, directory: cwd })
  const parsed = parseDockerfile(text, { name: dockerfile })
  const bases = imagesOfDockerfile(parsed, options)
  if (bases.length === 0) log.warn(`${dockerfile} is built upon no image that could be warmed`)
  return [...named, ...bases]
}

interface Reporting {
  readonly options: WarmerOptions
  readonly stderr: Sink
  readonly log: Log
}

function report(result: WarmResult, { options, stderr, log }: Reporting): void {
  if (result.kind === 'failed') reportError(result.error, { stderr, log: options.log })
  else log.info(describeResult(result))
}

function someFailed(failed: readonly string[], all: number): HearthError {
  return new HearthError({
    code: 'warm-failed',
    message: `${failed.length} of ${all} ${all === 1 ? 'image' : 'images'} could not be warmed`,
    why: failed.join(', '),
    fix: 'See the errors above. Images that could be warmed are; run it again for the others.',
  })
}
