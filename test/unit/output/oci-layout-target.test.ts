import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { finishImage } from '../../../src/image/image.ts'
import { ociLayoutTarget } from '../../../src/output/oci-layout-target.ts'
import { run } from '../../support/command.ts'
import { readImage, skopeo } from '../../support/image-tree.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { damagedBlobs, flipBit } from '../content/support.ts'
import { imageOf, makeLayer, newStore, sampleImage } from '../image/samples.ts'

test('skopeo and umoci find the image under its name, as it was written', async (t) => {
  const top = temporaryDirectory(t)
  const directory = join(top, 'new/layout')
  const image = await sampleImage(top, { annotations: { 'org.example.key': 'value' } })
  await ociLayoutTarget({ directory, name: 'app-1' }).write(image)
  const manifest = await skopeo(['inspect', '--raw', `oci:${directory}:app-1`])
  assert.deepEqual(Buffer.from(manifest), Buffer.from(image.manifestBytes))
  assert.equal(await run('umoci', ['ls', '--layout', directory]), 'app-1\n')
  const { tree, manifest: read } = await readImage(`oci:${directory}:app-1`, top)
  assert.equal(tree.get('etc/conf')?.size, 3)
  assert.deepEqual(read.annotations, { 'org.example.key': 'value' })
  assert.deepEqual(damagedBlobs(directory), [])
})

test('a second image takes the place of the first, whatever it is called', async (t) => {
  const top = temporaryDirectory(t)
  const directory = join(top, 'layout')
  await ociLayoutTarget({ directory, name: 'first' }).write(await sampleImage(top))
  const second = await sampleImage(top, { config: { Cmd: ['/other'] } })
  await ociLayoutTarget({ directory, name: 'second' }).write(second)
  assert.equal(await run('umoci', ['ls', '--layout', directory]), 'second\n')
  const seen = JSON.parse(await skopeo(['inspect', `oci:${directory}`]))
  assert.equal(seen.Digest, second.manifestDescriptor.digest)
})

test('a damaged layer is an error, and the layout keeps the image it had', async (t) => {
  const top = temporaryDirectory(t)
  const directory = join(top, 'layout')
  const first = await sampleImage(top)
  await ociLayoutTarget({ directory, name: 'app' }).write(first)
  const store = newStore(top)
  const layer = await makeLayer(store, top, { file: 'x'.repeat(10_000) })
  truncateSync(join(store.directory, 'blobs', layer.descriptor.digest.replace(':', '/')), 5)
  const write = ociLayoutTarget({ directory, name: 'app' }).write(finishImage(imageOf([layer])))
  await assert.rejects(write, (error) => error instanceof HearthError && error.code === 'integrity')
  const seen = JSON.parse(await skopeo(['inspect', `oci:${directory}:app`]))
  assert.equal(seen.Digest, first.manifestDescriptor.digest)
  assert.deepEqual(damagedBlobs(directory), [])
})

test('what the layout has already is kept only if its bytes are right', async (t) => {
  const top = temporaryDirectory(t)
  const directory = join(top, 'layout')
  const image = await sampleImage(top)
  await ociLayoutTarget({ directory, name: 'app' }).write(image)
  const blobs = join(directory, 'blobs/sha256')
  const names = readdirSync(blobs).sort()
  for (const name of names) flipBit(join(blobs, name))
  assert.deepEqual([...damagedBlobs(directory)].sort(), names)
  await ociLayoutTarget({ directory, name: 'app' }).write(image)
  assert.deepEqual(damagedBlobs(directory), [])
  assert.deepEqual(readdirSync(blobs).sort(), names)
})

test('an abort is thrown, and no image appears', async (t) => {
  const top = temporaryDirectory(t)
  const directory = join(top, 'layout')
  const signal = AbortSignal.abort(new Error('stop now'))
  await assert.rejects(
    ociLayoutTarget({ directory, name: 'app' }).write(await sampleImage(top), { signal }),
    /stop now/,
  )
  assert.equal(await run('umoci', ['ls', '--layout', directory]), '')
})

test('a file in the place of the directory is an error that names it', async (t) => {
  const top = temporaryDirectory(t)
  const directory = join(top, 'layout')
  writeFileSync(directory, '')
  await assert.rejects(
    ociLayoutTarget({ directory, name: 'app' }).write(await sampleImage(top)),
    (error) => error instanceof HearthError && `${error.message} ${error.where}`.includes(directory),
  )
})

test('a layout of an unknown version is left alone', async (t) => {
  const top = temporaryDirectory(t)
  const directory = join(top, 'layout')
  mkdirSync(directory)
  writeFileSync(join(directory, 'oci-layout'), '{"imageLayoutVersion":"9"}')
  await assert.rejects(
    ociLayoutTarget({ directory, name: 'app' }).write(await sampleImage(top)),
    (error) => error instanceof HearthError && error.code === 'manifest-invalid',
  )
})
