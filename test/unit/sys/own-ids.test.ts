import assert from 'node:assert/strict'
import { test } from 'node:test'
import { holdsID, idsText, isUnknownOwner, knownIDs, ownIDs, spansOf } from '../../../src/sys/own-ids.ts'

test('the ids of a user namespace are read from its map', () => {
  const spans = spansOf(
    '         1     200000      65535\n         0      54321          1\n    100000     300000          1\n',
  )
  assert.equal(idsText(spans), '0-65535, 100000')
  for (const [id, there] of [
    [0, true],
    [1, true],
    [65535, true],
    [65536, false],
    [100000, true],
    [100001, false],
  ] as const) {
    assert.equal(holdsID(spans, id), there, String(id))
  }
  assert.deepEqual([spansOf(''), idsText([])], [[], ''])
})

test('this process has root at least, and says which ids there are', () => {
  assert.ok(holdsID(ownIDs('uid'), 0) && holdsID(ownIDs('gid'), 0))
  assert.match(knownIDs(), /the users 0-\d+ and the groups 0-\d+, and no others/)
})

test('an owner that does not exist is told from other failures', () => {
  for (const [code, syscall, unknown] of [
    ['EINVAL', 'lchown', true],
    ['EINVAL', 'fchown', true],
    ['EPERM', 'chown', false],
    ['EINVAL', 'open', false],
  ] as const) {
    assert.equal(isUnknownOwner(Object.assign(new Error(), { code, syscall })), unknown, `${code} ${syscall}`)
  }
  assert.equal(isUnknownOwner(undefined), false)
})
