import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { OciLayout } from '../../../src/content/oci-layout.ts'
import { HearthError } from '../../../src/errors.ts'
import { type Descriptor, descriptorOf } from '../../../src/oci/descriptor.ts'
import { imageConfigBytes } from '../../../src/oci/image-config.ts'
import { manifestBytes } from '../../../src/oci/manifest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { filesBelow, temporaryDirectory } from './support.ts'

const platform = { os: 'linux', architecture: 'amd64' }

/** Writes the blobs of an image without layers. */
async function writeImage(layout: OciLayout, comment: string): Promise<Descriptor> {
  const config = imageConfigBytes({ ...platform, config: { Labels: { comment } }, diffIDs: [], history: [] })
  const configDescriptor = descriptorOf(config, mediaTypes.ociConfig)
  const manifest = manifestBytes({ mediaType: mediaTypes.ociManifest, config: configDescriptor, layers: [] })
  await layout.blobs.writeBytes(config)
  await layout.blobs.writeBytes(manifest)
  return descriptorOf(manifest, mediaTypes.ociManifest)
}

test('a new layout is valid and empty, and opening it again changes nothing', async (t) => {
  const directory = join(temporaryDirectory(t), 'layout')
  const layout = await OciLayout.open(directory, { readOnly: false })
  assert.deepEqual(await layout.images(), [])
  assert.deepEqual(filesBelow(directory), ['index.json', 'oci-layout'])
  assert.deepEqual(JSON.parse(readFileSync(join(directory, 'oci-layout'), 'utf8')), { imageLayoutVersion: '1.0.0' })
  const before = readFileSync(join(directory, 'index.json'), 'utf8')
  await OciLayout.open(directory, { readOnly: false })
  assert.equal(readFileSync(join(directory, 'index.json'), 'utf8'), before)
})

test('skopeo and umoci read an image by its name', async (t) => {
  const directory = join(temporaryDirectory(t), 'layout')
  const layout = await OciLayout.open(directory, { readOnly: false })
  const descriptor = await writeImage(layout, 'hello')
  await layout.add({ descriptor: { ...descriptor, platform }, name: 'app-1.0' })
  const seen = JSON.parse(execFileSync('skopeo', ['inspect', `oci:${directory}:app-1.0`], { encoding: 'utf8' }))
  assert.equal(seen.Digest, descriptor.digest)
  assert.equal(seen.Labels.comment, 'hello')
  assert.equal(execFileSync('umoci', ['ls', '--layout', directory], { encoding: 'utf8' }).trim(), 'app-1.0')
  assert.equal(existsSync(join(directory, 'tmp')), false)
})

test('an image takes the place of the one with the same name and platform only', async (t) => {
  const layout = await OciLayout.open(temporaryDirectory(t), { readOnly: false })
  const [a, b, c] = [await writeImage(layout, 'a'), await writeImage(layout, 'b'), await writeImage(layout, 'c')]
  const arm = { os: 'linux', architecture: 'arm64' }
  await layout.add({ descriptor: { ...a, platform }, name: 'app' })
  await layout.add({ descriptor: { ...b, platform: arm }, name: 'app' })
  await layout.add({ descriptor: { ...a, platform }, name: 'same-under-another-name' })
  await layout.add({ descriptor: { ...c, platform }, name: 'app' })
  const listed = (await layout.images()).map(({ name, descriptor }) => `${name} ${descriptor.digest}`)
  assert.deepEqual(listed, [`app ${b.digest}`, `same-under-another-name ${a.digest}`, `app ${c.digest}`])
})

test('an unnamed image is listed once, and gets its name when it is added with one', async (t) => {
  const layout = await OciLayout.open(temporaryDirectory(t), { readOnly: false })
  const descriptor = await writeImage(layout, 'a')
  await layout.add({ descriptor })
  await layout.add({ descriptor })
  assert.deepEqual(await layout.images(), [{ descriptor }])
  await layout.add({ descriptor, name: 'app' })
  assert.deepEqual(
    (await layout.images()).map(({ name }) => name),
    ['app'],
  )
})

test('replace leaves exactly the given images', async (t) => {
  const layout = await OciLayout.open(temporaryDirectory(t), { readOnly: false })
  const [a, b] = [await writeImage(layout, 'a'), await writeImage(layout, 'b')]
  await layout.add({ descriptor: a, name: 'a' })
  await layout.replace([{ descriptor: b, name: 'b' }])
  assert.deepEqual(
    (await layout.images()).map(({ name }) => name),
    ['b'],
  )
})

test('fields and images of other tools survive an addition', async (t) => {
  const directory = temporaryDirectory(t)
  const layout = await OciLayout.open(directory, { readOnly: false })
  const [theirs, ours] = [await writeImage(layout, 'theirs'), await writeImage(layout, 'ours')]
  const foreign = { ...theirs, platform: { ...platform, 'os.version': '1', features: ['x'] }, artifactType: 'text/x' }
  const index = { schemaVersion: 2, manifests: [foreign], annotations: { made: 'elsewhere' }, unknown: [1] }
  writeFileSync(join(directory, 'index.json'), JSON.stringify(index))
  await layout.add({ descriptor: ours, name: 'ours' })
  const after = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))
  assert.deepEqual(after.manifests[0], foreign)
  assert.deepEqual([after.annotations, after.unknown, after.manifests.length], [{ made: 'elsewhere' }, [1], 2])
})

test('a platform is written in the words of the specification', async (t) => {
  const directory = temporaryDirectory(t)
  const layout = await OciLayout.open(directory, { readOnly: false })
  const descriptor = { ...(await writeImage(layout, 'a')), platform: { ...platform, osVersion: '10.0' } }
  await layout.add({ descriptor, name: 'app' })
  const written = JSON.parse(readFileSync(join(directory, 'index.json'), 'utf8'))
  assert.deepEqual(written.manifests[0].platform, { ...platform, 'os.version': '10.0' })
  assert.deepEqual((await layout.images())[0]?.descriptor.platform, descriptor.platform)
})

for (const [what, file, content] of [
  ['index.json that is not JSON', 'index.json', '{'],
  ['index.json whose list is none', 'index.json', '{"manifests":{}}'],
  [
    'index.json with a digest that is a path',
    'index.json',
    '{"manifests":[{"mediaType":"x","size":1,"digest":"../../x"}]}',
  ],
  ['layout of another version', 'oci-layout', '{"imageLayoutVersion":"2.0.0"}'],
] as const) {
  test(`an ${what} is refused with the file's name and left alone`, async (t) => {
    const directory = temporaryDirectory(t)
    await OciLayout.open(directory, { readOnly: false })
    writeFileSync(join(directory, file), content)
    const add = async (): Promise<void> => {
      const layout = await OciLayout.open(directory, { readOnly: false })
      await layout.add({ descriptor: descriptorOf(Buffer.from('x'), mediaTypes.ociManifest) })
    }
    await assert.rejects(add(), (error) => error instanceof HearthError && error.where === join(directory, file))
    assert.equal(readFileSync(join(directory, file), 'utf8'), content)
  })
}

test('a missing directory opened read-only has no images and stays missing', async (t) => {
  const directory = join(temporaryDirectory(t), 'absent')
  const layout = await OciLayout.open(directory, { readOnly: true })
  assert.deepEqual(await layout.images(), [])
  assert.equal(existsSync(directory), false)
})
