import type { AddImageOptions, BaseImages, WarmImage } from '../cache/base-images.ts'
import type { KanikoImages } from '../cache/kaniko-images.ts'
import { HearthError } from '../src/errors.ts'
import { imageFromLayout } from '../src/image/from-layout.ts'
import { imageFromRegistry } from '../src/image/from-registry.ts'
import { imageFromStore } from '../src/image/from-store.ts'
import type { PulledImage, ResolvedImage } from '../src/image/pulled-image.ts'
import type { Log } from '../src/log.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import type { Digest } from '../src/oci/digest.ts'
import type { Reference } from '../src/oci/reference.ts'
import type { RegistryClient } from '../src/registry/registry-client.ts'
import { describeLayers, titleOf } from './describe-result.ts'
import type { LayerFetcher } from './layer-fetcher.ts'
import { type Lock, lockedReference, requireSame } from './lock-file.ts'
import type { WantedImage } from './wanted-image.ts'
import type { WarmedImage } from './warm-result.ts'

/** What one image is warmed with. */
export interface Warming {
  readonly images: BaseImages
  /** What kaniko has warmed in the same directory: it need not be transferred again. */
  readonly kaniko: KanikoImages
  readonly client: RegistryClient
  readonly layers: LayerFetcher
  /** Ask again for what is fresh, too. */
  readonly force: boolean
  /** What names stand for, in the place of what a registry says. */
  readonly lock?: Lock
  readonly log: Log
  readonly signal?: AbortSignal
}

/** Makes one image warm with as little network as can be. Nothing of it is visible before all of it is there. */
export async function warmImage(wanted: WantedImage, warming: Warming): Promise<WarmedImage> {
  const { images, force, lock } = warming
  const known = await statusOf(wanted, images)
  const fresh = known?.expired === false && !force && isAsLocked(wanted, known, lock) ? known : undefined
  if (wanted.layout === undefined && !force) {
    const held = fresh === undefined ? await heldAlready(wanted, known, warming) : presentImage(fresh)
    if (held !== undefined) return held
  }
  const found = await locate(wanted, warming)
  const { manifestDescriptor: manifest } = found
  const resolved = (found.indexDescriptor ?? manifest).digest
  requireSame(wanted, { digest: resolved, manifest: manifest.digest }, lock)
  // A layout is always looked at, which costs nothing.
  if (fresh?.manifest.digest === manifest.digest) return presentImage(fresh)
  announce(wanted, found, warming)
  const transferred = await warming.layers.fetch(found.image.layers)
  await images.add(found, listingOf(wanted, resolved, warming))
  return { manifest, resolved, transferred, ...comparedWith(known, manifest) }
}

/** An image that goes by another name only is not known by this one: a digest may be that of a tag's image. */
async function statusOf({ reference, platform }: WantedImage, images: BaseImages): Promise<WarmImage | undefined> {
  const status = await images.status(reference, platform)
  if (status === undefined || reference.digest === undefined) return status
  return (await images.isListed(reference, platform)) ? status : undefined
}

function comparedWith(known: WarmImage | undefined, manifest: Descriptor): Pick<WarmedImage, 'kind' | 'previous'> {
  if (known === undefined) return { kind: 'warmed' }
  return {
    kind: 'refreshed',
    ...(known.manifest.digest === manifest.digest ? {} : { previous: known.manifest.digest }),
  }
}

function isAsLocked(wanted: WantedImage, known: WarmImage, lock: Lock | undefined): boolean {
  const { digest } = lockedReference(wanted, lock)
  return digest === undefined || digest === known.resolved || digest === known.manifest.digest
}

function announce(wanted: WantedImage, { image }: PulledImage, { images, log }: Warming): void {
  const { os, architecture } = image.config
  if (os !== wanted.platform.os || architecture !== wanted.platform.architecture) {
    log.warn(`${titleOf(wanted)}: there is only one image, and it is for ${os}/${architecture}`)
  }
  const far = image.layers.filter(({ kind }) => kind !== 'packed')
  if (far.length < image.layers.length) log.info(`${titleOf(wanted)}: its layers are those that kaniko has warmed`)
  const missing = far.map(({ descriptor }) => descriptor).filter((layer) => !images.store.has(layer))
  if (missing.length > 0) log.info(`${titleOf(wanted)}: ${describeLayers(missing)} to transfer`)
}

function presentImage({ manifest, resolved }: WarmImage): WarmedImage {
  return { kind: 'present', manifest, resolved, transferred: [] }
}

/**
 * Where the name means an image that is there, as a rule the same as before, only what is noted about it changes: one HEAD
 * request, or none where it is locked, and no download.
 */
async function heldAlready(
  wanted: WantedImage,
  known: WarmImage | undefined,
  warming: Warming,
): Promise<WarmedImage | undefined> {
  const { images, lock } = warming
  // Of a new image more than the digest is needed: asking for the manifest at once saves a request.
  if (known === undefined && lock === undefined && wanted.reference.digest === undefined) return undefined
  const resolved = await meaning(wanted, warming)
  const held = resolved === known?.resolved ? known : await images.status(withDigest(wanted, resolved), wanted.platform)
  if (held === undefined) return undefined
  const { manifest } = held
  requireSame(wanted, { digest: resolved, manifest: manifest.digest }, lock)
  const stored = await imageFromStore(images.store, manifest).catch((error: unknown) => {
    // A damaged document is fetched again, with the rest.
    if (error instanceof HearthError) return undefined
    throw error
  })
  if (stored === undefined) return undefined
  await images.note(manifest, listingOf(wanted, resolved, warming))
  return { manifest, resolved, transferred: [], ...comparedWith(known, manifest) }
}

function withDigest({ reference }: WantedImage, digest: Digest): Reference {
  return { ...reference, digest }
}

/** The digest that a name has or is locked to, or else what its registry says. */
async function meaning(wanted: WantedImage, { client, lock, signal }: Warming): Promise<Digest> {
  const { digest } = lockedReference(wanted, lock)
  if (digest !== undefined) return digest
  return (await client.resolve(wanted.reference, signal === undefined ? {} : { signal })).digest
}

async function locate(wanted: WantedImage, { client, kaniko, lock, signal }: Warming): Promise<ResolvedImage> {
  const { platform, layout } = wanted
  if (layout !== undefined)
    return imageFromLayout({ layout: layout.directory, tag: layout.name, digest: undefined }, platform)
  const reference = lockedReference(wanted, lock)
  const pinned = reference.digest === undefined ? undefined : await kaniko.find(reference.digest)
  if (pinned !== undefined) return { ...pinned, indexDescriptor: undefined }
  const image = await imageFromRegistry(reference, { client, platform, ...(signal === undefined ? {} : { signal }) })
  return (await kaniko.nearer(image)) ?? image
}

function listingOf({ reference, platform }: WantedImage, resolvedDigest: Digest, { signal }: Warming): AddImageOptions {
  return { reference, platform, resolvedDigest, ...(signal === undefined ? {} : { signal }) }
}
