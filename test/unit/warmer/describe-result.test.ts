import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { descriptorOf } from '../../../src/oci/descriptor.ts'
import { digestOf } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { describeResult, describeResults } from '../../../warmer/describe-result.ts'
import type { WarmResult } from '../../../warmer/warm-result.ts'
import { wanted } from './scene.ts'

const manifest = descriptorOf(Buffer.from('m'), mediaTypes.ociManifest)
const layer = (size: number) => ({ ...manifest, size })
const [image] = wanted('debian:12')
const done = { wanted: image!, seconds: 1, manifest, resolved: manifest.digest, transferred: [] } as const
const error = new HearthError({ code: 'registry-not-found', message: 'gone' })
const name = 'index.docker.io/library/debian:12 (linux/amd64)'

for (const [result, text] of [
  [{ ...done, kind: 'present' }, `already warm, ${manifest.digest}`],
  [{ ...done, kind: 'warmed' }, `warmed, ${manifest.digest}, nothing to transfer`],
  [{ ...done, kind: 'warmed', transferred: [layer(999)] }, `warmed, ${manifest.digest}, 1 layer of 1.0 kB transferred`],
  [
    { ...done, kind: 'warmed', transferred: [layer(2e9), layer(5e8)] },
    `warmed, ${manifest.digest}, 2 layers of 2.50 GB transferred`,
  ],
  [{ ...done, kind: 'refreshed' }, `refreshed, still ${manifest.digest}, nothing to transfer`],
  [
    { ...done, kind: 'refreshed', previous: digestOf('old'), transferred: [layer(28_100_000)] },
    `refreshed, ${manifest.digest} instead of ${digestOf('old')}, 1 layer of 28.1 MB transferred`,
  ],
  [{ wanted: image!, seconds: 1, kind: 'failed', error }, 'failed, gone'],
] satisfies readonly (readonly [WarmResult, string])[]) {
  test(`a line says "${text.replaceAll(/sha256:\w+/g, 'sha256:…')}"`, () =>
    assert.equal(describeResult(result), `${name}: ${text}`))
}

test('the summary counts what there is', () => {
  const present: WarmResult = { ...done, kind: 'present' }
  const failed: WarmResult = { wanted: image!, seconds: 1, kind: 'failed', error }
  assert.equal(describeResults([]), '0 images')
  assert.equal(describeResults([present]), '1 image: 1 already warm')
  assert.equal(describeResults([present, failed, present]), '3 images: 2 already warm, 1 failed')
})
