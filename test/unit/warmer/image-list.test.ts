import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPlatform } from '../../../src/oci/platform.ts'
import { formatReference } from '../../../src/oci/reference.ts'
import { parseImageList } from '../../../warmer/image-list.ts'

function lines(text: string): readonly string[] {
  const { images, refused } = parseImageList(text, 'list')
  assert.deepEqual(refused, [])
  return images.map(({ image, platforms, line }) => {
    return [line, formatReference(image.reference), ...platforms.map(formatPlatform)].join(' ')
  })
}

test('a line is an image, with its platforms or without, and comments and blank lines are nothing', () => {
  const text = [
    '# bases',
    '',
    'debian:12',
    '  registry.example:5000/team/app:1.0\t linux/amd64,linux/arm64/v8   # both',
    `alpine@sha256:${'a'.repeat(64)}`,
    '\t# end',
  ]
  const expected = [
    '3 index.docker.io/library/debian:12',
    '4 registry.example:5000/team/app:1.0 linux/amd64 linux/arm64',
    `5 index.docker.io/library/alpine@sha256:${'a'.repeat(64)}`,
  ]
  assert.deepEqual(lines(text.join('\n')), expected)
  assert.deepEqual(lines(`\ufeff${text.join('\r\n')}\r\n`), expected, 'as Windows writes it')
  assert.deepEqual(lines(''), [])
})

test('an image of a layout can be listed', () => {
  const { images } = parseImageList('oci:/l:team/app:1 linux/arm64', 'list')
  assert.deepEqual(images[0]?.image.layout, { directory: '/l', name: 'team/app:1' })
})

test('a line that makes no sense is refused with its number, and the others count', () => {
  const text = 'debian:12\nUPPER\nalpine linux/amd64 linux/arm64\nbusybox arm64\nubuntu linux/amd64,\n- redis:7\n'
  const { images, refused } = parseImageList(text, 'a/list')
  assert.deepEqual(
    images.map(({ line }) => line),
    [1],
  )
  assert.deepEqual(
    refused.map(({ text, error }) => [text, error.code, error.where]),
    [
      ['UPPER', 'reference-invalid', 'a/list:2'],
      ['alpine linux/amd64 linux/arm64', 'reference-invalid', 'a/list:3'],
      ['busybox arm64', 'platform-invalid', 'a/list:4'],
      ['ubuntu linux/amd64,', 'platform-invalid', 'a/list:5'],
      ['- redis:7', 'reference-invalid', 'a/list:6'],
    ],
  )
})

test('a file that is no list is refused as a whole, with one error', () => {
  for (const text of ['{"images": [\n'.repeat(100), 'x'.repeat(2 << 20), '\u0000\u0001 \u0002\n'.repeat(50)]) {
    const { images, refused } = parseImageList(text, 'list')
    assert.deepEqual([images.length, refused.length], [0, 1])
    assert.match(refused[0]?.error.message ?? '', /^list is no list of images$/)
  }
})
