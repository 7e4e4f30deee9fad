import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { run } from '../support/command.ts'
import { type BuiltImage, openScene } from '../support/scene.ts'

interface Document {
  readonly schemaVersion: number
  readonly mediaType: string
  readonly manifests: readonly unknown[]
  readonly config: { readonly digest: string }
  readonly layers: readonly unknown[]
  readonly rootfs: { readonly diff_ids: readonly string[] }
  readonly history: readonly { readonly empty_layer?: boolean }[]
}

const scene = await openScene()
const dockerfile = `FROM ${scene.busybox}\nRUN echo content > /file\nLABEL a=b\nRUN touch -d @1234567890 /old\n`
let built: BuiltImage
before(async () => {
  built = await scene.image({ dockerfile })
})

test('every blob of the layout is what its name says', () => {
  const blobs = join(built.layout, 'blobs/sha256')
  const names = readdirSync(blobs)
  assert.equal(names.length, 2 + built.layers.length)
  for (const name of names) {
    assert.equal(
      createHash('sha256')
        .update(readFileSync(join(blobs, name)))
        .digest('hex'),
      name,
    )
  }
})

test('the documents are OCI ones and fit each other', () => {
  const json = (path: string): Document => JSON.parse(readFileSync(join(built.layout, path), 'utf8'))
  assert.deepEqual(json('oci-layout'), { imageLayoutVersion: '1.0.0' })
  const index = json('index.json')
  assert.equal(index.schemaVersion, 2)
  assert.equal(index.manifests.length, 1)
  const manifest = json(`blobs/${built.digest.replace(':', '/')}`)
  assert.equal(manifest.mediaType, 'application/vnd.oci.image.manifest.v1+json')
  const config = json(`blobs/${manifest.config.digest.replace(':', '/')}`)
  assert.equal(config.rootfs.diff_ids.length, manifest.layers.length)
  const layered = config.history.filter((entry) => entry.empty_layer !== true)
  assert.equal(layered.length, manifest.layers.length)
})

test('umoci unpacks what the build left, with its times', async () => {
  const tree = await built.tree()
  const content = createHash('sha256').update('content\n').digest('hex')
  assert.equal(tree.get('file')?.sha256, content)
  assert.equal(tree.get('old')?.mtime, '1234567890.000000000')
  assert.equal(tree.get('tmp')?.mode, '1777')
})

test('umoci reads the layout as its own', async () => {
  const tag = join(scene.newDirectory(), 'copy')
  await run('skopeo', ['--insecure-policy', 'copy', '--quiet', `oci:${built.layout}`, `oci:${tag}:x`])
  const stat = JSON.parse(await run('umoci', ['stat', '--json', '--image', `${tag}:x`]))
  assert.equal(stat.history.length, 4)
  assert.deepEqual(
    stat.history.map((entry: { empty_layer?: boolean }) => entry.empty_layer === true),
    [false, false, true, false],
  )
})

test('a second build into the same layout replaces the image', async () => {
  const args = ['--no-push', '--oci-layout-path', built.layout]
  const context = scene.newDirectory()
  writeFileSync(join(context, 'Dockerfile'), 'FROM scratch\nCOPY Dockerfile /only\n')
  const again = await scene.attempt({ context, args })
  assert.equal(again.code, 0, again.stderr)
  const index = JSON.parse(readFileSync(join(built.layout, 'index.json'), 'utf8'))
  assert.equal(index.manifests.length, 1)
  assert.notEqual(index.manifests[0].digest, built.digest)
})
