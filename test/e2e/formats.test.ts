import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { run } from '../support/command.ts'
import { podman } from '../support/containers.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const container = podman(scene.directory)
const dockerfile = `FROM ${scene.busybox}\nRUN seq 20000 > /numbers && cp /bin/busybox /copy\nCOPY file /\nCMD ["tail", "-n1", "/numbers"]`
const files = { file: 'text\n' }

interface Document {
  readonly mediaType: string
  readonly config: { readonly mediaType: string }
  readonly layers: readonly { readonly mediaType: string; readonly size: number }[]
}

async function pushed(name: string, args: readonly string[]): Promise<Document> {
  const reference = `${host}/formats/${name}:1`
  await scene.image({ dockerfile, files, args: ['-d', reference, ...args] })
  const manifest = await run('skopeo', ['inspect', '--raw', '--tls-verify=false', `docker://${reference}`])
  await container.command(['pull', '--quiet', '--tls-verify=false', reference])
  assert.equal((await container.run(reference)).stdout, '20000\n')
  return JSON.parse(manifest)
}

test('new layers are compressed with zstd if so wished, and engines run what comes of it', async () => {
  const { layers } = await pushed('zstd', ['--compression', 'zstd'])
  assert.deepEqual(
    layers.map(({ mediaType }) => mediaType.split('tar+')[1]),
    ['gzip', 'zstd', 'zstd'],
  )
})

test('a higher level makes smaller layers, and the same ones each time', async () => {
  for (const [compression, low, high] of [
    ['gzip', '1', '9'],
    ['zstd', '1', '19'],
  ] as const) {
    const at = (level: string, name: string): Promise<Document> =>
      pushed(name, ['--reproducible', '--compression', compression, '--compression-level', level])
    const [fast, small, again] = [await at(low, 'fast'), await at(high, 'small'), await at(high, 'again')]
    assert.ok((small.layers[1]?.size ?? 0) < (fast.layers[1]?.size ?? 0), compression)
    assert.deepEqual(small, again)
  }
})

test("an image in Docker's format has Docker's media types throughout", async () => {
  const { mediaType, config, layers } = await pushed('docker', ['--image-format', 'docker'])
  const types = [mediaType, config.mediaType, ...layers.map((layer) => layer.mediaType)]
  assert.ok(
    types.every((type) => type.startsWith('application/vnd.docker.')),
    types.join(),
  )
})

test("what Docker's format cannot hold is refused", async () => {
  const docker = ['--no-push', '--image-format', 'docker']
  const attempt = (...args: readonly string[]): ReturnType<typeof scene.attempt> =>
    scene.attempt({ dockerfile: 'FROM scratch\nCOPY file /', files, args: [...args] })
  assertClearError(await attempt(...docker, '--annotation', 'a=b'), [/annotations/])
  assertClearError(await attempt(...docker, '--compression', 'zstd'), [/--image-format=docker and --compression=zstd/])
  const tar = ['--no-push', '--tar-path', join(scene.newDirectory(), 'a.tar')]
  assertClearError(await attempt(...tar, '--compression', 'zstd'), [/--tar-path and --compression=zstd/])
  assertClearError(await attempt('--no-push', '--compression-level', '10'), [/levels up to 9/])
  assertClearError(await attempt('--no-push', '--compression', 'lz4'), [/gzip, zstd/])
})
