import { execFileSync } from 'node:child_process'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BlobStore } from '../../../src/content/blob-store.ts'
import { type FinishedImage, finishImage } from '../../../src/image/image.ts'
import { type Layer, openLayer, storeLayer } from '../../../src/image/layer.ts'
import { type Descriptor, descriptorOf } from '../../../src/oci/descriptor.ts'
import type { Digest } from '../../../src/oci/digest.ts'
import { indexBytes } from '../../../src/oci/manifest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { type Platform, parsePlatform } from '../../../src/oci/platform.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import type { RegistryClient } from '../../../src/registry/registry-client.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'

export const amd64 = parsePlatform('linux/amd64')
export const arm64 = parsePlatform('linux/arm64')

/** An image of real layers, one file in each: the same names give the same layers. */
export async function makeImage(
  directory: string,
  files: readonly string[],
  platform: Platform = amd64,
): Promise<FinishedImage> {
  const store = BlobStore.open(mkdtempSync(join(directory, 'made-')), { readOnly: false })
  const layers: Layer[] = []
  for (const name of files) layers.push(await storeLayer(store, bytesOf(layerTar(directory, name)), { level: 1 }))
  const config = {
    ...platform,
    config: { Labels: { files: files.join(' ') } },
    diffIDs: layers.map(({ diffID }) => diffID),
    history: [],
  }
  return finishImage({ config, layers, annotations: {} })
}

function layerTar(directory: string, name: string): Buffer {
  const tree = mkdtempSync(join(directory, 'tree-'))
  writeFileSync(join(tree, name), name.repeat(5000))
  const steady = ['--mtime=@1700000000', '--owner=0', '--group=0', '--numeric-owner', '--mode=644']
  return execFileSync('tar', [...steady, '-C', tree, '-cf', '-', name])
}

/** Pushes an image; gives its manifest's digest. */
export async function pushImage(client: RegistryClient, name: string, image: FinishedImage): Promise<Digest> {
  const reference = parseReference(name)
  for (const layer of image.layers) {
    await client.pushBlob(reference, layer.descriptor, { open: () => openLayer(layer) })
  }
  await client.pushBlob(reference, image.configDescriptor, { open: () => bytesOf(image.configBytes) })
  return await client.pushManifest(reference, image.manifestBytes, { mediaType: mediaTypes.ociManifest })
}

/** Pushes images of several platforms under one name; gives the index's digest. */
export async function pushIndex(
  client: RegistryClient,
  name: string,
  images: readonly (readonly [Platform, FinishedImage])[],
): Promise<Digest> {
  const { registry, repository } = parseReference(name)
  for (const [, image] of images) {
    await pushImage(client, `${registry}/${repository}@${image.manifestDescriptor.digest}`, image)
  }
  const manifests = images.map(([platform, image]): Descriptor => ({ ...image.manifestDescriptor, platform }))
  const bytes = indexBytes({ mediaType: mediaTypes.ociIndex, manifests })
  await client.pushManifest(parseReference(name), bytes, { mediaType: mediaTypes.ociIndex })
  return descriptorOf(bytes, mediaTypes.ociIndex).digest
}
