import assert from 'node:assert/strict'
import { globSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { BaseImages } from '../../../cache/base-images.ts'
import { type ImageItem, listImages } from '../../../cache/image-items.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { skopeo } from '../../support/image-tree.ts'
import { runIn } from '../../support/isolated.ts'
import { amd64, arm64, makeImage, pushImage, pushIndex } from '../warmer/publish.ts'
import { openCache, openWarmScene, wanted, warmDirectory } from '../warmer/scene.ts'

const { directory, registry, client } = await openWarmScene()
const noon = new Date('2026-03-01T12:00:00Z')

function newCache(): string {
  return join(mkdtempSync(join(directory, 'cache-')), 'new')
}

async function publish(name: string, ...files: readonly string[]): Promise<string> {
  await pushImage(client, `${registry.host}/${name}`, await makeImage(directory, files))
  return `${registry.host}/${name}`
}

async function names(cache: string): Promise<readonly string[]> {
  return (await listImages(cache)).map(({ name }) => name)
}

async function item(cache: string, reference: string): Promise<ImageItem> {
  const found = (await listImages(cache)).find((one) => one.reference === reference)
  assert.ok(found, reference)
  return found
}

function filesOf(cache: string): readonly string[] {
  return globSync('refs/*.json', { cwd: cache })
}

test('an image is listed for each name and platform, with all it is made of', async () => {
  const cache = newCache()
  const single = await publish('single:1', 'a', 'b')
  const both = `${registry.host}/both:1`
  const index = await pushIndex(client, both, [
    [amd64, await makeImage(directory, ['c'])],
    [arm64, await makeImage(directory, ['d'], arm64)],
  ])
  const [one, two] = wanted(single, both)
  await warmDirectory(cache, [one!, two!, { ...two!, platform: arm64 }], { now: noon })
  const items = await listImages(cache)
  assert.deepEqual(
    items.map(({ title, resolvedAt, isTag, layers }) => [title, resolvedAt, isTag, layers?.length]),
    [
      [`${both} (linux/amd64)`, noon, true, 1],
      [`${both} (linux/arm64)`, noon, true, 1],
      [`${single} (linux/amd64)`, noon, true, 2],
    ],
  )
  assert.equal(items[0]?.resolved, index)
  const blobs = items.flatMap((each) => each.blobs.map(({ digest }) => digest.slice('sha256:'.length)))
  assert.deepEqual(blobs.sort(), globSync('*', { cwd: join(cache, 'blobs/sha256') }).sort())
})

test('an image by digest is listed as it was asked for, and one whose tag moved on by its digest alone', async () => {
  const cache = newCache()
  const moving = await publish('moving:1', 'old')
  await warmDirectory(cache, wanted(moving), { ttlMs: 0, now: noon })
  const old = (await item(cache, moving)).manifest.digest
  const pinned = `${registry.host}/moving@${old}`
  await warmDirectory(cache, wanted(pinned), { now: noon })
  assert.deepEqual(await names(cache), [`${moving} linux/amd64`, `${pinned} linux/amd64`])
  await publish('moving:1', 'new')
  await warmDirectory(cache, wanted(moving), { ttlMs: 0, now: new Date(noon.getTime() + 1) })
  assert.deepEqual(await names(cache), [`${moving} linux/amd64`, `${pinned} linux/amd64`])
  assert.equal(await (await item(cache, pinned)).remove(), true)
  assert.deepEqual(await names(cache), [`${moving} linux/amd64`])

  const other = newCache()
  await warmDirectory(other, wanted(moving), { ttlMs: 0, now: noon })
  const replaced = (await item(other, moving)).manifest.digest
  await publish('moving:1', 'newest')
  await warmDirectory(other, wanted(moving), { ttlMs: 0, now: new Date(noon.getTime() + 1) })
  assert.deepEqual(await names(other), [`${moving} linux/amd64`, replaced])
  assert.equal(await (await item(other, replaced)).remove(), true)
  assert.deepEqual([await names(other), filesOf(other).length], [[`${moving} linux/amd64`], 2])
})

test('of an image that is removed nothing is found any more, and other tools read the others', async () => {
  const cache = newCache()
  const [gone, stays] = [await publish('gone:1', 'x', 'shared'), await publish('stays:1', 'shared')]
  await warmDirectory(cache, wanted(gone, stays))
  assert.equal(await (await item(cache, gone)).remove(), true)
  const { images } = openCache(cache)
  assert.equal(await images.find(parseReference(gone), amd64), undefined)
  assert.ok(await images.find(parseReference(stays), amd64))
  assert.equal(JSON.parse(await skopeo(['inspect', `oci:${cache}:${stays}`])).Layers.length, 1)
  await assert.rejects(skopeo(['inspect', `oci:${cache}:${gone}`]))
  assert.equal(filesOf(cache).length, 2)
})

test('what several names mean goes with the last of them', async () => {
  const cache = newCache()
  const [one, two] = [await publish('same:1', 'same'), await publish('same:2', 'same')]
  await warmDirectory(cache, wanted(one, two))
  const { digest } = (await item(cache, one)).manifest
  const byDigest = parseReference(`${registry.host}/same@${digest}`)
  assert.equal(await (await item(cache, one)).remove(), true)
  assert.ok(await openCache(cache).images.find(byDigest, amd64))
  assert.equal(await (await item(cache, two)).remove(), true)
  assert.equal(await openCache(cache).images.find(byDigest, amd64), undefined)
  assert.deepEqual([await names(cache), filesOf(cache)], [[], []])
  const index = JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8'))
  assert.deepEqual(index.manifests, [])
})

test('an image that was resolved anew since it was listed stays', async () => {
  const cache = newCache()
  const name = await publish('again:1', 'again')
  await warmDirectory(cache, wanted(name), { ttlMs: 0, now: noon })
  const seen = await item(cache, name)
  await warmDirectory(cache, wanted(name), { ttlMs: 0, now: new Date(noon.getTime() + 1) })
  assert.equal(await seen.remove(), false)
  assert.ok(await openCache(cache).images.find(parseReference(name), amd64))
  assert.ok(await skopeo(['inspect', `oci:${cache}:${name}`]))
})

test('whoever finds an image makes it used, and who may not write finds it all the same', async () => {
  const cache = newCache()
  const name = await publish('used:1', 'used')
  await warmDirectory(cache, wanted(name))
  for (const file of filesOf(cache)) utimesSync(join(cache, file), noon, noon)
  assert.deepEqual((await item(cache, name)).lastUsed, noon)
  const { log } = openCache(cache)
  const reader = BaseImages.open(cache, { readOnly: true, log })
  assert.ok(await reader.find(parseReference(name), amd64))
  assert.deepEqual((await item(cache, name)).lastUsed, noon)
  assert.ok(await openCache(cache).images.find(parseReference(name), amd64))
  assert.ok((await item(cache, name)).lastUsed > noon)
})

test('what another tool put into the layout is listed, and can be removed', async () => {
  const cache = newCache()
  const own = await publish('own:1', 'own')
  await warmDirectory(cache, wanted(own))
  await publish('foreign:1', 'foreign')
  const from = `docker://${registry.host}/foreign:1`
  await skopeo(['copy', '--quiet', '--src-tls-verify=false', from, `oci:${cache}:foreign`])
  const foreign = await item(cache, 'foreign')
  assert.deepEqual([foreign.resolvedAt, foreign.isTag, foreign.layers?.length], [undefined, false, 1])
  assert.equal(await foreign.remove(), true)
  assert.deepEqual(await names(cache), [`${own} linux/amd64`])
})

test('damaged references and manifests spoil nothing, and a directory without images has none', async () => {
  const cache = newCache()
  const [good, bad] = [await publish('good:1', 'good'), await publish('bad:1', 'bad')]
  await warmDirectory(cache, wanted(good, bad))
  const { digest } = (await item(cache, bad)).manifest
  rmSync(join(cache, 'blobs', digest.replace(':', '/')))
  writeFileSync(join(cache, 'refs', `${'0'.repeat(64)}.json`), '{')
  const seen = await item(cache, bad)
  assert.deepEqual([seen.layers, seen.blobs.length], [undefined, 1])
  assert.equal((await names(cache)).length, 2)
  assert.deepEqual(await listImages(mkdtempSync(join(directory, 'empty-'))), [])
})

test('listing changes nothing, also where nothing can be changed', async () => {
  const cache = newCache()
  await warmDirectory(cache, wanted(await publish('quiet:1', 'quiet')))
  const program = join(import.meta.dirname, '../warmer/children/run-warmer.ts')
  const { code, stdout, stderr } = await runIn({ readOnly: [cache] }, [process.execPath, program, 'ls', '-c', cache])
  assert.equal(code, 0, stderr)
  assert.match(stdout, /quiet:1 +linux\/amd64 +sha256:[0-9a-f]{12} +1 /)
})
