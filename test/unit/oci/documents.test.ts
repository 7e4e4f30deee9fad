import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { chainID, digestOf, parseDiffID, parseDigest } from '../../../src/oci/digest.ts'
import { imageConfigBytes, parseImageConfig } from '../../../src/oci/image-config.ts'
import { manifestBytes, parseManifest } from '../../../src/oci/manifest.ts'
import { layerCompression, mediaTypes } from '../../../src/oci/media-type.ts'
import { formatPlatform, parsePlatform, pickPlatform, samePlatform } from '../../../src/oci/platform.ts'

const hex = 'b'.repeat(64)
const descriptor = { mediaType: mediaTypes.ociLayerGzip, digest: `sha256:${hex}`, size: 3 }
const config = { mediaType: mediaTypes.ociConfig, digest: `sha256:${hex}`, size: 2 }
const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

for (const bad of [
  '',
  'sha256:',
  `sha256:${hex.toUpperCase()}`,
  `sha256:../${hex}`,
  `md5:${hex}`,
  `sha256:${hex}0`,
  `sha1:${hex}`,
]) {
  test(`"${bad.slice(0, 20)}" never becomes a digest`, () => {
    assert.throws(() => parseDigest(bad), HearthError)
  })
}

test('the chainID of one layer is its diffID, of two it hashes both', () => {
  const a = parseDiffID(`sha256:${'1'.repeat(64)}`)
  const b = parseDiffID(`sha256:${'2'.repeat(64)}`)
  assert.equal(chainID([]), undefined)
  assert.equal(chainID([a]), a)
  assert.equal(chainID([a, b]), digestOf(`${a} ${b}`))
})

test('a manifest survives writing and reading', () => {
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config,
    layers: [descriptor],
    annotations: { a: 'b' },
  }
  const parsed = parseManifest(json(manifest), mediaTypes.ociManifest)
  assert.equal(parsed.kind, 'manifest')
  assert.ok(parsed.kind === 'manifest')
  assert.deepEqual(JSON.parse(new TextDecoder().decode(manifestBytes(parsed.manifest))), manifest)
})

const refused: readonly (readonly [string, unknown, string])[] = [
  ['layers and manifests together', { layers: [], manifests: [], config }, ''],
  ['a type that contradicts its delivery', { mediaType: mediaTypes.ociIndex, manifests: [] }, mediaTypes.ociManifest],
  ['a negative size', { config, layers: [{ ...descriptor, size: -5 }] }, ''],
  ['a fractional size', { config, layers: [{ ...descriptor, size: 1.5 }] }, ''],
  ['a missing size', { config, layers: [{ mediaType: 'x', digest: descriptor.digest }] }, ''],
  ['a digest that leads elsewhere', { config, layers: [{ ...descriptor, digest: 'sha256:../../etc' }] }, ''],
  ['schema 1', { schemaVersion: 1, fsLayers: [] }, ''],
  ['a list', [], ''],
  ['no layers', { config }, ''],
]

for (const [what, value, type] of refused) {
  test(`a manifest with ${what} is refused`, () => {
    assert.throws(() => parseManifest(json(value), type), HearthError)
  })
}

test('JSON that is none is refused in words', () => {
  assert.throws(() => parseManifest(new TextEncoder().encode('<html>'), ''), /not valid JSON/)
})

test('a configuration keeps what Docker needs and reads null lists as empty', () => {
  const document = {
    architecture: 'amd64',
    os: 'linux',
    config: {
      Env: ['A=b'],
      Cmd: null,
      Labels: null,
      Volumes: { '/v': {} },
      OnBuild: ['RUN x'],
      Healthcheck: { Test: ['NONE'], Interval: 5 },
    },
    rootfs: { type: 'layers', diff_ids: [`sha256:${hex}`] },
    history: [{ created_by: 'x', empty_layer: true }],
  }
  const parsed = parseImageConfig(json(document))
  assert.deepEqual(parsed.config.OnBuild, ['RUN x'])
  assert.deepEqual(parsed.config.Healthcheck, { Test: ['NONE'], Interval: 5 })
  assert.equal(parsed.config.Cmd, undefined)
  const again = parseImageConfig(imageConfigBytes(parsed))
  assert.deepEqual(again, parsed)
})

for (const bad of [
  { config: { Env: 'A=b' } },
  { rootfs: {} },
  { rootfs: { diff_ids: ['x'] } },
  { config: { User: 5 } },
  { history: [null] },
]) {
  test(`a configuration with ${JSON.stringify(bad)} is refused`, () => {
    const whole = { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [] }, ...bad }
    assert.throws(() => parseImageConfig(json(whole)), HearthError)
  })
}

test('platforms have one spelling', () => {
  assert.equal(formatPlatform(parsePlatform('linux/arm64/v8')), 'linux/arm64')
  assert.equal(formatPlatform(parsePlatform('linux/x86_64')), 'linux/amd64')
  assert.equal(formatPlatform(parsePlatform('linux/arm')), 'linux/arm/v7')
  assert.equal(formatPlatform(parsePlatform('aarch64')), 'linux/arm64')
  assert.ok(samePlatform(parsePlatform('linux/arm/v7'), { os: 'linux', architecture: 'arm' }))
  for (const bad of ['', 'a/b/c/d', 'linux/', 'li nux/amd64']) assert.throws(() => parsePlatform(bad), HearthError)
})

test('an older arm variant serves a newer one, never the other way round', () => {
  const arm = (variant: string) => ({ platform: { os: 'linux', architecture: 'arm', variant } })
  assert.equal(pickPlatform([arm('v5'), arm('v6')], parsePlatform('linux/arm/v7'))?.platform.variant, 'v6')
  assert.equal(pickPlatform([arm('v7')], parsePlatform('linux/arm/v6')), undefined)
})

test('layer types of both families say how they are compressed, others are no layers', () => {
  assert.equal(layerCompression(mediaTypes.dockerLayerGzip), 'gzip')
  assert.equal(layerCompression(mediaTypes.ociLayerZstd), 'zstd')
  assert.equal(layerCompression('application/vnd.oci.image.layer.nondistributable.v1.tar+gzip'), 'gzip')
  assert.equal(layerCompression('application/vnd.docker.image.rootfs.foreign.diff.tar.gzip'), 'gzip')
  assert.equal(layerCompression('application/json'), undefined)
})
