import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ignoredPaths, ignoredWithin } from '../../../src/rootfs/ignored-paths.ts'
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
