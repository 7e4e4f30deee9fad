import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { formatReference, parseReference } from '../../../src/oci/reference.ts'
import { parseImage, withoutDuplicates } from '../../../warmer/wanted-image.ts'
import { amd64, arm64 } from './publish.ts'
import { wanted } from './scene.ts'

const digest = `sha256:${'a'.repeat(64)}`

test('a name is a reference with the defaults of Docker Hub', () => {
  for (const [text, full] of [
    ['debian', 'index.docker.io/library/debian:latest'],
    ['registry.example:5000/team/app:1', 'registry.example:5000/team/app:1'],
    [`debian:12@${digest}`, `index.docker.io/library/debian:12@${digest}`],
  ] as const) {
    const image = parseImage(text)
    assert.deepEqual([formatReference(image.reference), image.layout], [full, undefined])
  }
})

test('oci: takes an image of a layout, under the name it has there', () => {
  assert.deepEqual(parseImage('oci:/dir/x:team/app:1'), {
    reference: parseReference('team/app:1'),
    layout: { directory: '/dir/x', name: 'team/app:1' },
  })
  assert.deepEqual(parseImage('oci:rel:a').layout, { directory: 'rel', name: 'a' })
})

test('oci: without directory or name is refused, and so is a name that no FROM could say', () => {
  for (const text of ['oci:', 'oci:/dir', 'oci::name', 'oci:/dir:']) {
    assert.throws(
      () => parseImage(text),
      (error) => {
        return (
          error instanceof HearthError &&
          error.code === 'reference-invalid' &&
          /oci:directory:name/.test(error.fix ?? '')
        )
      },
    )
  }
  assert.throws(() => parseImage('oci:/dir:UPPER'), /"UPPER" is not an image reference/)
})

test('the same image is wanted once for each platform, however it is spelt', () => {
  const images = [
    ...wanted('debian:12', 'docker.io/library/debian:12', 'debian:11'),
    { ...wanted('debian:12')[0]!, platform: arm64 },
  ]
  const names = withoutDuplicates(images).map(({ reference, platform }) => `${reference.tag} ${platform.architecture}`)
  assert.deepEqual(names, ['12 amd64', '11 amd64', '12 arm64'])
  assert.equal(amd64.architecture, 'amd64')
})

test('a layout goes before the registry it stands for, whichever comes first', () => {
  for (const names of [
    ['oci:/l:debian:12', 'debian:12'],
    ['debian:12', 'oci:/l:debian:12'],
  ]) {
    assert.deepEqual(withoutDuplicates(wanted(...names)), wanted('oci:/l:debian:12'))
  }
})
