import type { BaseImages, WarmImage } from '../cache/base-images.ts'
import type { KanikoImages } from '../cache/kaniko-images.ts'
import { HearthError } from '../src/errors.ts'
import { imageFromLayout } from '../src/image/from-layout.ts'
import { imageFromRegistry } from '../src/image/from-registry.ts'
import { imageFromStore } from '../src/image/from-store.ts'
import type { PulledImage, ResolvedImage } from '../src/image/pulled-image.ts'
import type { Log } from '../src/log.ts'
import type { Digest } from '../src/oci/digest.ts'
import type { RegistryClient } from '../src/registry/registry-client.ts'
import { describeLayers, titleOf } from './describe-result.ts'
import type { LayerFetcher } from './layer-fetcher.ts'
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
  readonly log: Log
  readonly signal?: AbortSignal
}

/** Makes one image warm with as little network as can be. Nothing of it is visible before all of it is there. */
export async function warmImage(wanted: WantedImage, warming: Warming): Promise<WarmedImage> {
  const known = await warming.images.status(wanted.reference, wanted.platform)
  const fresh = known?.expired === false && !warming.force ? known : undefined
  if (fresh !== undefined && wanted.layout === undefined) return presentImage(fresh)
  if (known !== undefined && !warming.force && wanted.layout === undefined) {
    const unchanged = await renewed(wanted, known, warming)
    if (unchanged !== undefined) return unchanged
  }
  const found = await locate(wanted, warming)
  const { manifestDescriptor: manifest } = found
  // A layout is always looked at, which costs nothing.
  if (fresh?.manifest.digest === manifest.digest) return presentImage(fresh)
  announce(wanted, found, warming)
  const transferred = await warming.layers.fetch(found.image.layers)
  await list(found, { wanted, warming, resolvedDigest: (found.indexDescriptor ?? manifest).digest })
  if (known === undefined) return { kind: 'warmed', manifest, transferred }
  const moved = known.manifest.digest === manifest.digest ? {} : { previous: known.manifest.digest }
  return { kind: 'refreshed', manifest, transferred, ...moved }
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

function presentImage({ manifest }: WarmImage): WarmedImage {
  return { kind: 'present', manifest, transferred: [] }
}

/** Where the registry still says the same, only what was noted about it changes: one HEAD request and no download. */
async function renewed(wanted: WantedImage, known: WarmImage, warming: Warming): Promise<WarmedImage | undefined> {
  const { client, images, signal } = warming
  const { digest } = await client.resolve(wanted.reference, signal === undefined ? {} : { signal })
  if (digest !== known.resolved) return undefined
  const stored = await imageFromStore(images.store, known.manifest).catch((error: unknown) => {
    // A damaged document is fetched again, with the rest.
    if (error instanceof HearthError) return undefined
    throw error
  })
  if (stored === undefined) return undefined
  await list(stored, { wanted, warming, resolvedDigest: digest })
  return { kind: 'refreshed', manifest: known.manifest, transferred: [] }
}

async function locate({ reference, platform, layout }: WantedImage, warming: Warming): Promise<ResolvedImage> {
  if (layout !== undefined)
    return imageFromLayout({ layout: layout.directory, tag: layout.name, digest: undefined }, platform)
  const { client, kaniko, signal } = warming
  const pinned = reference.digest === undefined ? undefined : await kaniko.find(reference.digest)
  if (pinned !== undefined) return { ...pinned, indexDescriptor: undefined }
  const image = await imageFromRegistry(reference, { client, platform, ...(signal === undefined ? {} : { signal }) })
  return (await kaniko.nearer(image)) ?? image
}

interface Listing {
  readonly wanted: WantedImage
  readonly warming: Warming
  readonly resolvedDigest: Digest
}

function list(image: PulledImage, { wanted, warming, resolvedDigest }: Listing): Promise<void> {
  const { reference, platform } = wanted
  const { images, signal } = warming
  return images.add(image, { reference, platform, resolvedDigest, ...(signal === undefined ? {} : { signal }) })
}
