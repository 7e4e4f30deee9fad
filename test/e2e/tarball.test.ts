import assert from 'node:assert/strict'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { run } from '../support/command.ts'
import { podman } from '../support/containers.ts'
import { compareTrees, readImage } from '../support/image-tree.ts'
import { type BuiltImage, openScene } from '../support/scene.ts'

const scene = await openScene()
const tar = join(scene.newDirectory(), 'image.tar')
const dockerfile = `
FROM ${scene.busybox}
RUN mkdir -p /a/b && echo "in the tarball" > /a/b/c && ln /a/b/c /a/d && ln -s b/c /a/e
RUN rm /a/d
CMD ["cat", "/a/e"]
`
const names = ['--destination', 'registry.example/team/tarred:1', '--destination', 'tarred:2']
let built: BuiltImage
before(async () => {
  built = await scene.image({ dockerfile, args: [...names, '--no-push', '--tar-path', tar] })
})

test('podman loads the tarball under its names and runs it', async () => {
  const container = podman(scene.directory)
  const said = await container.command(['load', '--input', tar])
  assert.match(said, /registry\.example\/team\/tarred:1/)
  for (const name of ['registry.example/team/tarred:1', 'docker.io/library/tarred:2']) {
    const ran = await container.run(name)
    assert.deepEqual([ran.code, ran.stdout], [0, 'in the tarball\n'], ran.stderr)
  }
})

test('tar lists a manifest, a configuration and the layers, each once', async () => {
  const entries = (await run('tar', ['-tf', tar])).trim().split('\n')
  assert.ok(entries.includes('manifest.json'))
  assert.equal(new Set(entries).size, entries.length)
  const [manifest] = JSON.parse(await run('tar', ['-xOf', tar, 'manifest.json']))
  assert.deepEqual(
    [manifest.Config, ...manifest.Layers].filter((name) => !entries.includes(name)),
    [],
  )
  assert.equal(manifest.Layers.length, 3)
})

test('skopeo reads the same image from the tarball and from the layout', async () => {
  const fromTar = await readImage(`docker-archive:${tar}`, scene.newDirectory())
  const fromLayout = await built.read()
  assert.deepEqual(fromTar.config, fromLayout.config)
  assert.deepEqual(compareTrees(fromTar.tree, fromLayout.tree, { times: true }), [])
})

test('a build without a destination makes a tarball that loads', async () => {
  const path = join(scene.newDirectory(), 'nameless.tar')
  await scene.image({ dockerfile: 'FROM scratch\nCOPY Dockerfile /\n', args: ['--tar-path', path] })
  const seen = await readImage(`docker-archive:${path}`, scene.newDirectory())
  assert.equal(seen.tree.get('Dockerfile')?.type, 'file')
})
