import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheItem } from '../../../cache/cache-item.ts'
import { usageText } from '../../../src/cli/cache/du.ts'
import { blobTable, itemTable, lsCommand } from '../../../src/cli/cache/ls.ts'
import { matcherOf } from '../../../src/cli/cache/name-patterns.ts'
import { outcomeText, pruneCommand, readPolicy } from '../../../src/cli/cache/prune.ts'
import { FlagValues } from '../../../src/cli/flags/flag-values.ts'
import { readArguments } from '../../../src/cli/flags/read-arguments.ts'
import { digestOf } from '../../../src/oci/digest.ts'

const now = new Date('2026-03-10T12:00:00.000Z')
const ago = (hours: number): Date => new Date(now.getTime() - hours * 3600_000)
const noRemoval = async (): Promise<boolean> => true

const layer: CacheItem = {
  kind: 'layer',
  name: 'a5b7f7c6683a'.padEnd(64, '0'),
  title: `RUN apt-get update \\\n  && apt-get install -y ${'package '.repeat(20)}`,
  created: ago(50),
  lastUsed: ago(3),
  hits: 12,
  blobs: [{ digest: digestOf('layer'), size: 5_000_000 }],
  size: 900,
  remove: noRemoval,
}

const image: CacheItem = {
  kind: 'image',
  name: 'index.docker.io/library/debian:12',
  title: 'index.docker.io/library/debian:12 (linux/amd64)',
  created: ago(0.5),
  lastUsed: ago(0.001),
  hits: undefined,
  blobs: [{ digest: digestOf('layer'), size: 5_000_000 }],
  size: 700,
  remove: noRemoval,
}

test('items are listed one a line, however long their titles are', () => {
  const items = [
    { item: layer, size: 5_000_900 },
    { item: image, size: 700 },
  ]
  assert.equal(
    itemTable(items, now),
    [
      'KIND      SIZE  AGE  USED  HITS  NAME          TITLE',
      'layer  4.8 MiB   2d    3h    12  a5b7f7c6683a  RUN apt-get update \\ && apt-get install -y package package package pack…',
      'image    700 B  30m    3s     -  -             index.docker.io/library/debian:12 (linux/amd64)',
      '',
    ].join('\n'),
  )
})

test('a blob is listed with everything that keeps it', () => {
  const [digest, other] = [digestOf('layer'), digestOf('other')]
  const blobs = [
    { digest, size: 2048, keptBy: [image, { ...layer, title: 'COPY a /' }] },
    { digest: other, size: 5, keptBy: [] },
  ]
  assert.equal(
    blobTable(blobs),
    [
      `${'BLOB'.padEnd(71)}     SIZE  KEPT BY`,
      `${digest}  2.0 KiB  image index.docker.io/library/debian:12 (linux/amd64)`,
      `${''.padEnd(71)}           layer COPY a /`,
      `${other}      5 B  nothing`,
      '',
    ].join('\n'),
  )
})

test('the sums of du stand in a table', () => {
  const kinds = [{ kind: 'layer', count: 2, own: 1536, shared: 0 } as const]
  const text = usageText({ kinds, unreferenced: { count: 1, size: 5 } }, { onDisk: 4096, free: 3 * 2 ** 30 })
  assert.equal(
    text,
    [
      'KIND          COUNT      OWN  SHARED',
      'layer             2  1.5 KiB     0 B',
      'unreferenced      1      5 B',
      '',
      'On disk: 4.0 KiB',
      'Free:    3.0 GiB',
      '',
    ].join('\n'),
  )
})

test('a prune says what went and why, and what was in use', () => {
  const removals = [{ item: { ...layer, title: 'COPY a /' }, why: 'size' } as const]
  const outcome = { removals, inUse: [image], blobs: [], leftovers: [], freed: 900, left: 0 }
  assert.equal(
    outcomeText(outcome, true),
    [
      'KIND   WHY            TITLE',
      'layer  to make room   COPY a /',
      'image  in use, stays  index.docker.io/library/debian:12 (linux/amd64)',
      'Would be removed: 1 item, 0 blobs, 0 leftover files; 900 B would be free, 0 B left',
      '',
    ].join('\n'),
  )
})

test('items are named by references in short, patterns, titles and parts of keys', () => {
  const cases: readonly (readonly [string, CacheItem, boolean])[] = [
    ['debian:12', image, true],
    ['debian:*', image, true],
    ['*debian*', image, true],
    ['debian:13', image, false],
    ['index.docker.io/library/debian:12', image, true],
    ['a5b7f7c6683a', layer, true],
    ['a5b7f7', layer, false],
    ['RUN apt-get*', layer, true],
    ['RUN apt-get', layer, false],
  ]
  for (const [pattern, item, matches] of cases) assert.equal(matcherOf([pattern])?.(item), matches, pattern)
})

const policyOf = (...args: readonly string[]): ReturnType<ReturnType<typeof readPolicy>> => {
  return readPolicy(new FlagValues(pruneCommand.flags, readArguments(args, pruneCommand.flags).given))(now)
}

test('a selection alone takes all of its own, and with a limit what is beyond that', () => {
  assert.equal(policyOf().everything, false)
  assert.equal(policyOf('--kind', 'image').everything, true)
  assert.equal(policyOf('--kind', 'image', '--max-age', '2h').everything, false)
  assert.deepEqual(policyOf('--max-age=2h', '--unused-since=1h').createdBefore, ago(2))
  assert.deepEqual(policyOf('--unused-since=1h').unusedSince, ago(1))
  for (const size of ['2k', '2KiB', '2048', '2kb']) assert.equal(policyOf(`--max-size=${size}`).maxSize, 2048)
})

test('what makes no sense is refused', () => {
  assert.throws(() => policyOf('--all', '--kind', 'image'), /--all removes everything/)
  assert.throws(() => policyOf('--max-size', 'much'), /invalid argument "much" for "--max-size" flag/)
  assert.throws(() => policyOf('--max-age', '3'), /missing unit/)
  assert.throws(
    () => readArguments(['--kind', 'blob'], lsCommand.flags),
    /must be one of layer, image, mount, unpacked/,
  )
})
