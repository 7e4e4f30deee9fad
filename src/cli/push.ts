import { createReadStream, realpathSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { arch } from 'node:process'
import { withUnpackedLayout } from '../../cache/unpacked-archive.ts'
import { BlobStore } from '../content/blob-store.ts'
import { HearthError, messageOf } from '../errors.ts'
import { imageFromArchive, isLayoutArchive } from '../image/from-archive.ts'
import { imageFromLayout } from '../image/from-layout.ts'
import type { FinishedImage, ImageFormat } from '../image/image.ts'
import type { PulledImage } from '../image/pulled-image.ts'
import type { Log } from '../log.ts'
import { parseManifest } from '../oci/manifest.ts'
import { hostPlatform, type Platform } from '../oci/platform.ts'
import { formatReference, parseReference } from '../oci/reference.ts'
import { type DigestFiles, writeDigestFiles } from '../output/digest-files.ts'
import { writeOutputs } from '../output/output.ts'
import { registryTargets } from '../output/registry-target.ts'
import { digestFilePlaces } from './digest-file-places.ts'
import { readEnvironment } from './environment.ts'
import { executorFlags } from './flags/executor-flags.ts'
import type { Flag } from './flags/flag.ts'
import type { FlagValues } from './flags/flag-values.ts'
import { readRegistryFlags } from './flags/registry-flags.ts'
import { wrongUsage } from './flags/usage.ts'
import { readPlatform, readReferences } from './read-values.ts'
import { openRegistryAccess } from './registry-access.ts'
import type { Subcommand, SubcommandCall } from './subcommand.ts'
import { withWorkDirectory } from './work-directory.ts'

/** Those of a build that say where an image goes. */
const sharedFlags: ReadonlySet<string> = new Set([
  ...['destination', 'custom-platform', 'image-format', 'work-dir'],
  ...['digest-file', 'image-name-with-digest-file', 'image-name-tag-with-digest-file'],
  ...['insecure', 'insecure-registry', 'skip-tls-verify', 'skip-tls-verify-registry'],
  ...['registry-certificate', 'registry-client-cert', 'credential-helpers'],
  ...['push-retry', 'push-ignore-immutable-tag-errors'],
])

const flags: readonly Flag[] = [
  {
    name: 'name',
    kind: 'text',
    description: 'Which image, as the archive or layout calls it; where there is one, that',
    group: 'Image',
  },
  ...executorFlags.filter(({ name }) => sharedFlags.has(name)),
]

/** "hearth-executor push": what an earlier build, or another tool, has written to a file goes to registries. */
export const pushCommand: Subcommand = {
  name: 'push',
  summary: 'Pushes an image that is an archive (--tar-path, docker save) or an OCI layout, a directory or a tar.',
  takes: ['<image>'],
  flags,
  run: push,
}

async function push({ values, positionals, log, program }: SubcommandCall): Promise<number> {
  const destinations = readReferences(values, 'destination').map(parseReference)
  if (destinations.length === 0) throw wrongUsage('push needs --destination')
  const { signal } = program
  const environment = readEnvironment(program.env, program.cwd)
  const retries = { pull: 0, push: values.count('push-retry') }
  const registryFlags = readRegistryFlags(values, program.env)
  await using registries = await openRegistryAccess({ flags: registryFlags, environment, retries, log })
  const parent = resolve(program.cwd, values.optional('work-dir') ?? environment.temporaryDirectory)
  await withWorkDirectory({ parent, log }, async (workDir) => {
    const keepsImmutableTags = values.boolean('push-ignore-immutable-tag-errors')
    const targets = registryTargets(destinations, { client: registries.push, log, keepsImmutableTags })
    const path = resolve(program.cwd, (positionals[0] ?? '').replace(/^oci:/, ''))
    await withImage({ path, workDir, values, log, signal }, async (image) => {
      await writeOutputs(image, targets, { signal })
      const { digest } = image.manifestDescriptor
      await writeDigestFiles(
        digestFiles(values, program.cwd),
        { digest, destinations },
        { http: registries.http, signal },
      )
      for (const destination of destinations) log.info(`Pushed ${formatReference(destination)} (${digest})`)
    })
  })
  return 0
}

interface Wanted {
  readonly path: string
  readonly workDir: string
  readonly values: FlagValues
  readonly log: Log
  readonly signal: AbortSignal
}

/** The image is there for as long as the task runs. */
async function withImage(wanted: Wanted, task: (image: FinishedImage) => Promise<void>): Promise<void> {
  const { path, workDir, values, log, signal } = wanted
  const name = values.optional('name')
  const platform = readPlatform(values) ?? hostPlatform(arch)
  const fromLayout = async (layout: string): Promise<void> => {
    await task(await layoutImage({ layout, name, platform, log }))
  }
  const { place, isDirectory } = locate(path)
  if (isDirectory) return fromLayout(place)
  if ((await isLayoutArchive(place)) === true) {
    const directory = join(workDir, 'layout')
    return withUnpackedLayout(createReadStream(place, { highWaterMark: 1 << 20 }), { directory, signal }, fromLayout)
  }
  const format = (values.optional('image-format') ?? 'oci') as ImageFormat
  const store = BlobStore.open(join(workDir, 'store'), { readOnly: false })
  await task(await imageFromArchive({ path: place, name, format, store, signal }))
}

/** Where it is, without symlinks, and whether it is a directory. */
function locate(path: string): { readonly place: string; readonly isDirectory: boolean } {
  try {
    const place = realpathSync(path)
    return { place, isDirectory: statSync(place).isDirectory() }
  } catch (error) {
    throw new HearthError({
      code: 'image-missing',
      message: `${path} cannot be read`,
      why: messageOf(error),
      fix: 'Give an archive, or the directory of an OCI layout.',
    })
  }
}

interface InLayout {
  readonly layout: string
  readonly name: string | undefined
  readonly platform: Platform
  readonly log: Log
}

async function layoutImage({ layout, name, platform, log }: InLayout): Promise<FinishedImage> {
  const found = await imageFromLayout({ layout, tag: name, digest: undefined }, platform)
  if (found.indexDescriptor !== undefined)
    log.warn('Of an index, the image of one platform is pushed: --custom-platform')
  return asFinished(found)
}

/** With the very documents that are there: the digest stays. */
function asFinished({ manifestDescriptor, manifestBytes, configBytes, image }: PulledImage): FinishedImage {
  const parsed = parseManifest(manifestBytes, manifestDescriptor.mediaType)
  if (parsed.kind === 'index') throw new TypeError('an index is no image')
  const { manifest } = parsed
  const { layers } = image
  return { manifest, manifestDescriptor, manifestBytes, configDescriptor: manifest.config, configBytes, layers }
}

function digestFiles(values: FlagValues, cwd: string): DigestFiles {
  const named = {
    digestFile: values.optional('digest-file'),
    imageNameWithDigestFile: values.optional('image-name-with-digest-file'),
    imageNameTagWithDigestFile: values.optional('image-name-tag-with-digest-file'),
    builderOutput: undefined,
  }
  return digestFilePlaces(named, cwd)
}
