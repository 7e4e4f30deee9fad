import { resolve } from 'node:path'
import type { FinishedImage } from '../image/image.ts'
import type { Log } from '../log.ts'
import { parseReference, parseRepository, type Reference } from '../oci/reference.ts'
import { writeDigestFiles } from '../output/digest-files.ts'
import { dockerArchive } from '../output/docker-archive.ts'
import { ociLayoutTarget } from '../output/oci-layout-target.ts'
import { type Output, writeOutputs } from '../output/output.ts'
import { registryTargets } from '../output/registry-target.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { ExecutorOptions } from './executor-options.ts'

export interface BuildOutputsOptions {
  readonly options: ExecutorOptions
  /** For destinations. */
  readonly client: RegistryClient
  readonly log: Log
  readonly signal: AbortSignal
}

/** Everything that receives the image. Throws for what cannot work, so that it is known before the build. */
export function planOutputs({ options, client, log }: BuildOutputsOptions): readonly Output[] {
  const { tarPath, ociLayoutPath, push, environment } = options
  const names = options.destinations.map(parseReference)
  const pushed = registryTargets(names, { client, log, mountFrom: cacheRepositories(options) })
  const files: Output[] = []
  if (tarPath !== undefined) files.push(dockerArchive({ path: resolve(environment.cwd, tarPath), tags: names }))
  if (ociLayoutPath !== undefined) {
    const name = names[0]?.tag ?? 'latest'
    files.push(ociLayoutTarget({ directory: resolve(environment.cwd, ociLayoutPath), name }))
  }
  return push ? [...pushed, ...files] : files
}

/** Those that are written to come first: they have the layers of this build, too. */
function cacheRepositories({ cacheRemotes }: Pick<ExecutorOptions, 'cacheRemotes'>): readonly Reference[] {
  const repositories = cacheRemotes.filter(({ name }) => !name.startsWith('oci:'))
  const ordered = [...repositories.filter(({ write }) => write), ...repositories.filter(({ write }) => !write)]
  return ordered.map(({ name }) => parseRepository(name))
}

/** Whether layers on their way to a cache repository are worth waiting for: a destination can mount them from there. */
export function canMount({ cacheRemotes, destinations, push }: ExecutorOptions): boolean {
  const registries = new Set(destinations.map((name) => parseReference(name).registry))
  return push && cacheRepositories({ cacheRemotes }).some(({ registry }) => registries.has(registry))
}

/** Writes the image to all outputs, then, when every one has it, the files that name its digest. */
export async function deliver(
  image: FinishedImage,
  outputs: readonly Output[],
  { options, log, signal }: BuildOutputsOptions,
): Promise<void> {
  await writeOutputs(image, outputs, { signal })
  for (const { title } of outputs) log.debug(`${title} has the image`)
  await writeDigestFiles(absolute(options), image.manifestDescriptor.digest, destinationsOf(options))
}

function destinationsOf(options: ExecutorOptions): readonly Reference[] {
  return options.destinations.map(parseReference)
}

function absolute(options: ExecutorOptions): Parameters<typeof writeDigestFiles>[0] {
  const { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile, environment } = options
  const given = Object.entries({ digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile })
  const inPlace = (path: string): string => (/^https?:\/\//i.test(path) ? path : resolve(environment.cwd, path))
  return Object.fromEntries(given.flatMap(([name, path]) => (path === undefined ? [] : [[name, inPlace(path)]])))
}
