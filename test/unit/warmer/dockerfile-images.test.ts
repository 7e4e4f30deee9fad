import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '../../../src/dockerfile/parse.ts'
import { HearthError } from '../../../src/errors.ts'
import { formatPlatform } from '../../../src/oci/platform.ts'
import { formatReference } from '../../../src/oci/reference.ts'
import { imagesOfDockerfile } from '../../../warmer/dockerfile-images.ts'
import { amd64, arm64 } from './publish.ts'

function images(text: string, buildArgs: Readonly<Record<string, string>> = {}): readonly string[] {
  const dockerfile = parseDockerfile(text, { name: 'Dockerfile' })
  const found = imagesOfDockerfile(dockerfile, { buildArgs, platform: arm64, buildPlatform: amd64 })
  return found.map(({ reference, platform }) => `${formatReference(reference)} ${formatPlatform(platform)}`)
}

const hub = 'index.docker.io/library'

test('every FROM counts, also of stages nobody needs', () => {
  assert.deepEqual(images('FROM debian:12 AS unused\nFROM busybox\nRUN true\n'), [
    `${hub}/debian:12 linux/arm64`,
    `${hub}/busybox:latest linux/arm64`,
  ])
})

test('scratch and earlier stages are no images', () => {
  assert.deepEqual(images('FROM a:1 AS Base\nFROM base\nFROM scratch\nCOPY --from=base / /\n'), [
    `${hub}/a:1 linux/arm64`,
  ])
})

test('arguments before the first FROM have their defaults, and --build-arg goes before these', () => {
  const text = `ARG VERSION=12
ARG BASE=debian:\${VERSION}
FROM $BASE
FROM \${OTHER:-busybox}
`
  assert.deepEqual(images(text), [`${hub}/debian:12 linux/arm64`, `${hub}/busybox:latest linux/arm64`])
  assert.deepEqual(images(text, { VERSION: '11' })[0], `${hub}/debian:11 linux/arm64`)
  assert.deepEqual(images(text, { BASE: 'r.example/own:1' })[0], 'r.example/own:1 linux/arm64')
})

test('a stage may name its platform, by the arguments that are always there', () => {
  const text = 'FROM --platform=$BUILDPLATFORM a AS build\nFROM --platform=linux/arm/v7 b\nFROM c-$TARGETARCH\n'
  assert.deepEqual(images(text), [
    `${hub}/a:latest linux/amd64`,
    `${hub}/b:latest linux/arm/v7`,
    `${hub}/c-arm64:latest linux/arm64`,
  ])
})

test('images that files are copied from count, stages by name and number do not', () => {
  const text = `FROM a AS one
COPY --from=tools:3 /bin/x /x
FROM b AS two
COPY --from=one /x /x
COPY --from=0 /x /x
COPY --from=TWO /y /y
COPY plain /
`
  assert.deepEqual(images(text), [
    `${hub}/a:latest linux/arm64`,
    `${hub}/tools:3 linux/arm64`,
    `${hub}/b:latest linux/arm64`,
  ])
})

test('a FROM that names nothing is an error with its line', () => {
  for (const [text, code] of [
    ['FROM a\nFROM $NONE\n', 'dockerfile-stage'],
    ['FROM a\nFROM a/UPPER\n', 'reference-invalid'],
    ['FROM a\nCOPY --from=a/UPPER / /\n', 'reference-invalid'],
  ] as const) {
    assert.throws(
      () => images(text),
      (error) => {
        return error instanceof HearthError && error.code === code && error.where?.startsWith('Dockerfile:2: ') === true
      },
    )
  }
})
