import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { finishImage } from '../../../src/image/image.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { dockerArchive } from '../../../src/output/docker-archive.ts'
import { run, succeeded } from '../../support/command.ts'
import { readImage, skopeo } from '../../support/image-tree.ts'
import { runIn } from '../../support/isolated.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { childProgram } from '../content/support.ts'
import { imageOf, makeLayer, newStore, sampleImage } from '../image/samples.ts'

test('skopeo reads the archive by each of its names, and finds the image that was written', async (t) => {
  const directory = temporaryDirectory(t)
  const image = await sampleImage(directory)
  const path = join(directory, 'deep/down/image.tar')
  const tags = ['busybox:1', 'quay.io/team/app:2', 'localhost:5000/x', 'busybox:1'].map(parseReference)
  await dockerArchive({ path, tags }).write(image)
  for (const name of ['docker.io/library/busybox:1', 'quay.io/team/app:2', 'localhost:5000/x:latest']) {
    const config = await skopeo(['inspect', '--config', '--raw', `docker-archive:${path}:${name}`])
    assert.deepEqual(Buffer.from(config), Buffer.from(image.configBytes), name)
  }
  const seen = JSON.parse(await skopeo(['inspect', `docker-archive:${path}`]))
  assert.deepEqual(seen.Labels, { made: 'for a test' })
  assert.equal(seen.Layers.length, 2)
})

test('the files in the archive are those of the image', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'image.tar')
  await dockerArchive({ path, tags: [] }).write(await sampleImage(directory))
  const { tree } = await readImage(`docker-archive:${path}`, directory)
  assert.equal(tree.get('etc/conf')?.sha256, createHash('sha256').update('new').digest('hex'))
  assert.equal(tree.get('tool')?.type, 'file')
})

test('an image without a name gets one that says so, since loaders want one', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'image.tar')
  await dockerArchive({ path, tags: [] }).write(await sampleImage(directory))
  const [entry] = JSON.parse(await run('tar', ['-xOf', path, 'manifest.json']))
  assert.deepEqual(entry.RepoTags, ['docker.io/unset-repo/unset-image-name:latest'])
})

test('a layer that is there twice is stored once', async (t) => {
  const directory = temporaryDirectory(t)
  const layer = await makeLayer(newStore(directory), directory, { file: 'x' })
  const path = join(directory, 'image.tar')
  await dockerArchive({ path, tags: [] }).write(finishImage(imageOf([layer, layer])))
  const names = (await run('tar', ['-tf', path])).trim().split('\n')
  assert.equal(new Set(names).size, names.length)
  assert.equal(names.length, 3)
  assert.equal(JSON.parse(await skopeo(['inspect', `docker-archive:${path}`])).Layers.length, 2)
})

test('the same image gives the same bytes', async (t) => {
  const directory = temporaryDirectory(t)
  const paths = ['one.tar', 'two.tar'].map((name) => join(directory, name))
  for (const path of paths) await dockerArchive({ path, tags: [] }).write(await sampleImage(directory))
  const [one, two] = paths.map((path) => readFileSync(path))
  assert.ok(one?.equals(two ?? Buffer.alloc(0)))
  assert.equal(statSync(paths[0] as string).mode & 0o777, 0o644 & ~process.umask())
})

test('an archive takes the place of an older one', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'image.tar')
  writeFileSync(path, 'older and no archive')
  await dockerArchive({ path, tags: [] }).write(await sampleImage(directory))
  await skopeo(['inspect', `docker-archive:${path}`])
})

test('a damaged layer is told as such, and leaves what was there', async (t) => {
  const directory = temporaryDirectory(t)
  const output = join(directory, 'out')
  mkdirSync(output)
  const path = join(output, 'image.tar')
  writeFileSync(path, 'older')
  const store = newStore(directory)
  const layer = await makeLayer(store, directory, { file: 'x'.repeat(10_000) })
  truncateSync(join(store.directory, 'blobs', layer.descriptor.digest.replace(':', '/')), 5)
  const image = finishImage(imageOf([layer]))
  await assert.rejects(
    dockerArchive({ path, tags: [] }).write(image),
    (error) =>
      error instanceof HearthError && error.code === 'integrity' && error.message.includes(layer.descriptor.digest),
  )
  assert.equal(readFileSync(path, 'utf8'), 'older')
  assert.deepEqual(readdirSync(output), ['image.tar'])
})

test('an abort leaves nothing behind', async (t) => {
  const directory = temporaryDirectory(t)
  const output = join(directory, 'out')
  const signal = AbortSignal.abort(new Error('stop now'))
  const image = await sampleImage(directory)
  await assert.rejects(
    dockerArchive({ path: join(output, 'image.tar'), tags: [] }).write(image, { signal }),
    /stop now/,
  )
  assert.deepEqual(existsSync(output) ? readdirSync(output) : [], [])
})

test('a full disk is an error that names the directory, and leaves no part of the archive', async (t) => {
  const directory = temporaryDirectory(t)
  const output = join(directory, 'out')
  mkdirSync(output)
  const program = [process.execPath, childProgram(import.meta.url, 'archive-noise.ts'), directory, output]
  const surroundings = { tiny: [{ directory: output, bytes: 256 << 10 }] }
  const { stdout } = succeeded(await runIn(surroundings, program), program)
  assert.equal(stdout, `disk-full ${output}\n\n`)
})

test('a directory in the place of the archive is an error that names it', async (t) => {
  const directory = temporaryDirectory(t)
  const path = join(directory, 'image.tar')
  mkdirSync(join(path, 'kept'), { recursive: true })
  await assert.rejects(
    dockerArchive({ path, tags: [] }).write(await sampleImage(directory)),
    (error) => error instanceof HearthError && error.code === 'output-failed' && error.where === directory,
  )
  assert.deepEqual(readdirSync(path), ['kept'])
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.endsWith('.tmp')),
    [],
  )
})
