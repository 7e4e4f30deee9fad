import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ignoredPaths, ignoredWithin } from '../../../src/rootfs/ignored-paths.ts'
import { readPathList } from '../../../src/rootfs/path-pattern.ts'
import type { RawPath } from '../../../src/tar/raw-path.ts'

const ignored = ignoredPaths(['kaniko', 'var/run/secrets', 'etc/hosts', 'caf\xe9'] as RawPath[])

test('a path is covered when it is ignored or lies in what is', () => {
  for (const path of ['kaniko', 'kaniko/a/b', 'var/run/secrets/x', 'etc/hosts', 'caf\xe9/x']) {
    assert.equal(ignored.covers(path as RawPath), true, path)
  }
  for (const path of ['', 'kanik', 'kaniko2', 'kaniko2/a', 'var', 'var/run', 'etc/hosts.d', 'a/kaniko', 'caf\xe8']) {
    assert.equal(ignored.covers(path as RawPath), false, path)
  }
  assert.equal(ignored.coveredBy('var/run/secrets/a/b' as RawPath), 'var/run/secrets')
  assert.equal(ignored.coveredBy('var/run' as RawPath), undefined)
})

test('a directory reaches into what is ignored below it, and not into itself', () => {
  for (const path of ['', 'var', 'var/run', 'etc']) assert.equal(ignored.reachesInto(path as RawPath), true, path)
  for (const path of ['kaniko', 'var/run/secrets', 'usr', 'va']) {
    assert.equal(ignored.reachesInto(path as RawPath), false, path)
  }
  assert.equal(ignored.someBelow('var' as RawPath), 'var/run/secrets')
  assert.equal(ignored.someBelow('usr' as RawPath), undefined)
})

test('seen from a directory the same paths are ignored, under the names they have in the root', () => {
  const within = ignoredWithin(ignored, 'var/run' as RawPath)
  assert.equal(within.covers('secrets/x' as RawPath), true)
  assert.equal(within.covers('var/run/secrets' as RawPath), false)
  assert.equal(within.reachesInto('' as RawPath), true)
  assert.equal(within.coveredBy('secrets/x' as RawPath), 'var/run/secrets')
  assert.equal(within.someBelow('' as RawPath), 'var/run/secrets')
  assert.equal(ignoredWithin(ignored, 'kaniko' as RawPath).covers('' as RawPath), true)
})

test('parts of an ignored path may be patterns, and match one part each', () => {
  const { paths, patterns } = readPathList(['/plain/', '/var/*/cache-[0-9]', '/tmp/?x*', '/caf\u00e9*', '/odd\\*'])
  const matching = ignoredPaths(paths, patterns)
  for (const path of ['plain/x', 'var/a/cache-1', 'var/b/cache-2/deep/er', 'tmp/axb', 'caf\u00c3\u00a9s', 'odd*/x']) {
    assert.equal(matching.covers(path as RawPath), true, path)
  }
  for (const path of ['', 'var', 'var/a', 'var/a/b/cache-1', 'var/a/cache-x', 'tmp', 'tmp/x', 'oddly', 'a/plain']) {
    assert.equal(matching.covers(path as RawPath), false, path)
  }
  assert.equal(matching.coveredBy('var/b/cache-2/deep' as RawPath), 'var/b/cache-2')
  for (const path of ['', 'var', 'var/anything', 'tmp']) {
    assert.equal(matching.reachesInto(path as RawPath), true, path)
  }
  for (const path of ['usr', 'var/a/b', 'var/a/cache-1', 'plain', 'tmp/axb']) {
    assert.equal(matching.reachesInto(path as RawPath), false, path)
  }
  assert.equal(matching.someBelow('var/a' as RawPath), 'var/*/cache-[0-9]')
  assert.throws(() => readPathList(['/a/[b']), { code: 'copy-source' })
})
