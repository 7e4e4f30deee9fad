import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { OciLayout } from '../../../src/content/oci-layout.ts'
import { HearthError } from '../../../src/errors.ts'
import { imageFromLayout } from '../../../src/image/from-layout.ts'
import { finishImage } from '../../../src/image/image.ts'
import { storeLayer } from '../../../src/image/layer.ts'
import { type Descriptor, descriptorOf } from '../../../src/oci/descriptor.ts'
import { indexBytes } from '../../../src/oci/manifest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { makeTar } from './samples.ts'

const directory = temporaryDirectory({ after })
const none = { tag: undefined, digest: undefined }
const amd64 = parsePlatform('linux/amd64')
const arm64 = parsePlatform('linux/arm64')

async function newLayout(): Promise<{ readonly path: string; readonly layout: OciLayout }> {
  const path = join(mkdtempSync(join(directory, 'layout-')), 'l')
  return { path, layout: await OciLayout.open(path, { readOnly: false }) }
}

/** Writes the blobs of an image for an architecture; gives the descriptor of its manifest. */
async function write({ blobs }: OciLayout, architecture: string): Promise<Descriptor> {
  const tar = makeTar(directory, { [architecture]: architecture })
  const layer = await storeLayer(blobs, bytesOf(tar), { level: 1 })
  const config = { architecture, os: 'linux', config: {}, diffIDs: [layer.diffID], history: [] }
  const image = finishImage({ config, layers: [layer], annotations: {} })
  await blobs.writeBytes(image.configBytes)
  await blobs.writeBytes(image.manifestBytes)
  return { ...image.manifestDescriptor, platform: parsePlatform(`linux/${architecture}`) }
}

async function writeIndex({ blobs }: OciLayout, manifests: readonly Descriptor[]): Promise<Descriptor> {
  const bytes = indexBytes({ mediaType: mediaTypes.ociIndex, manifests })
  await blobs.writeBytes(bytes)
  return descriptorOf(bytes, mediaTypes.ociIndex)
}

test('without a name it is the image called latest, or else the only one', async () => {
  const { path, layout } = await newLayout()
  const first = await write(layout, 'amd64')
  await layout.add({ descriptor: first, name: 'odd' })
  assert.equal((await imageFromLayout({ layout: path, ...none }, amd64)).manifestDescriptor.digest, first.digest)
  const second = await write(layout, 'arm64')
  await layout.add({ descriptor: second, name: 'latest' })
  assert.equal((await imageFromLayout({ layout: path, ...none }, amd64)).manifestDescriptor.digest, second.digest)
})

test('of an index, and of several images of one name, the platform decides', async () => {
  const { path, layout } = await newLayout()
  const manifests = [await write(layout, 'amd64'), await write(layout, 'arm64')]
  const index = await writeIndex(layout, manifests)
  await layout.add({ descriptor: index, name: 'index' })
  for (const descriptor of manifests) await layout.add({ descriptor, name: 'both' })
  for (const tag of ['index', 'both']) {
    const found = await imageFromLayout({ layout: path, tag, digest: undefined }, arm64)
    assert.deepEqual([found.image.config.architecture, tag], ['arm64', tag])
  }
  const wanted = imageFromLayout({ layout: path, tag: 'index', digest: undefined }, parsePlatform('linux/s390x'))
  await assert.rejects(wanted, /has no image for linux\/s390x/)
})

test('a digest decides, also that of an image which only an index lists, whatever the name', async () => {
  const { path, layout } = await newLayout()
  const manifests = [await write(layout, 'amd64'), await write(layout, 'arm64')]
  const index = await writeIndex(layout, manifests)
  await layout.add({ descriptor: index, name: 'index' })
  const reference = { layout: path, tag: 'other' }
  const found = await imageFromLayout({ ...reference, digest: manifests[1]?.digest }, amd64)
  assert.equal(found.image.config.architecture, 'arm64')
  const chosen = await imageFromLayout({ ...reference, digest: index.digest }, amd64)
  assert.equal(chosen.image.config.architecture, 'amd64')
})

test('what is not there is told with what is', async () => {
  const { path, layout } = await newLayout()
  await layout.add({ descriptor: await write(layout, 'amd64'), name: 'one' })
  for (const tag of ['two', undefined]) {
    if (tag === undefined) await layout.add({ descriptor: await write(layout, 'arm64'), name: 'three' })
    await assert.rejects(imageFromLayout({ layout: path, tag, digest: undefined }, amd64), (error) => {
      assert.ok(error instanceof HearthError)
      assert.match(
        `${error.message}: ${error.why}`,
        tag === undefined ? /called latest: .*one, three/ : /called two: .*one/,
      )
      return error.code === 'image-missing'
    })
  }
})
