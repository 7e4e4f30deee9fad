import { resolve } from 'node:path'
import type { HttpClient } from '../http/http-client.ts'
import type { FinishedImage } from '../image/image.ts'
import type { Log } from '../log.ts'
import { parseReference, parseRepository, type Reference } from '../oci/reference.ts'
import { type DigestFiles, writeDigestFiles } from '../output/digest-files.ts'
import { dockerArchive } from '../output/docker-archive.ts'
import { ociLayoutTarget } from '../output/oci-layout-target.ts'
import { type Output, writeOutputs } from '../output/output.ts'
import { registryTargets } from '../output/registry-target.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import { digestFilePlaces } from './digest-file-places.ts'
import type { ExecutorOptions } from './executor-options.ts'

export interface BuildOutputsOptions {
  readonly options: ExecutorOptions
  /** For destinations. */
  readonly client: RegistryClient
  readonly log: Log
  readonly signal: AbortSignal
}

export interface DeliveryOptions extends BuildOutputsOptions {
  /** For a digest that is sent to a web address. */
  readonly http: HttpClient
}

/** Everything that receives the image. Throws for what cannot work, so that it is known before the build. */
export function planOutputs({ options, client, log }: BuildOutputsOptions): readonly Output[] {
  const { tarPath, ociLayoutPath, push, environment } = options
  const names = options.destinations.map(parseReference)
  const pushed = registryTargets(names, {
    ...{ client, log, keepsImmutableTags: options.keepsImmutableTags },
    mountFrom: cacheRepositories(options),
  })
  const files: Output[] = []
  if (tarPath !== undefined) files.push(dockerArchive({ path: resolve(environment.cwd, tarPath), tags: names }))
  if (ociLayoutPath !== undefined) {
    const name = names[0]?.tag ?? 'latest'
    files.push(ociLayoutTarget({ directory: resolve(environment.cwd, ociLayoutPath), name }))
  }
  return push ? [...pushed, ...files] : files
}

/** Those that are written to come first: they have the layers of this build, too. */
function cacheRepositories({
  cache,
  cachePlaces,
}: Pick<ExecutorOptions, 'cache' | 'cachePlaces'>): readonly Reference[] {
  if (!cache) return []
  const repositories = cachePlaces.remotes.filter(({ name }) => !name.startsWith('oci:'))
  const ordered = [...repositories.filter(({ write }) => write), ...repositories.filter(({ write }) => !write)]
  return ordered.map(({ name }) => parseRepository(name))
}

/** Whether layers on their way to a cache repository are worth waiting for: a destination can mount them from there. */
export function canMount(options: ExecutorOptions): boolean {
  const registries = new Set(options.destinations.map((name) => parseReference(name).registry))
  return options.push && cacheRepositories(options).some(({ registry }) => registries.has(registry))
}

/** Writes the image to all outputs, then, when every one has it, the files that name its digest. */
export async function deliver(
  image: FinishedImage,
  outputs: readonly Output[],
  { options, http, log, signal }: DeliveryOptions,
): Promise<void> {
  await writeOutputs(image, outputs, { signal })
  for (const { title } of outputs) log.debug(`${title} has the image`)
  const built = { digest: image.manifestDescriptor.digest, destinations: destinationsOf(options) }
  await writeDigestFiles(filesOf(options), built, { http, signal })
}

function destinationsOf(options: ExecutorOptions): readonly Reference[] {
  return options.destinations.map(parseReference)
}

function filesOf(options: ExecutorOptions): DigestFiles {
  const { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile, environment, push } = options
  const builderOutput = push ? environment.builderOutput : undefined
  const named = { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile, builderOutput }
  return digestFilePlaces(named, environment.cwd)
}
