import assert from 'node:assert/strict'
import { test } from 'node:test'
import { identityMap, mapArguments, mapText, subordinateMap } from '../../../src/run/user-namespace-maps.ts'

test('every id of the own namespace stands for itself', () => {
  const machine = '         0          0 4294967295\n'
  assert.equal(mapText(identityMap(machine)), '0 0 4294967295\n')
  const pod = '         0    1048576      65536\n    100000    9000000        10\n'
  assert.equal(mapText(identityMap(pod)), '0 0 65536\n100000 100000 10\n')
})

test('a user is root, and has the subordinate ids of its name and of its number after that', () => {
  const file = '# ids\nalice:100000:65536\nbob:165536:65536\n1000:300000:10\nalice:broken:5\nalice:7\n'
  const map = subordinateMap(file, { id: 1000, name: 'alice' }, 1001)
  assert.deepEqual(map, [
    { inside: 0, outside: 1001, count: 1 },
    { inside: 1, outside: 100000, count: 65536 },
    { inside: 65537, outside: 300000, count: 10 },
  ])
  assert.deepEqual(mapArguments(map ?? []), '0 1001 1 1 100000 65536 65537 300000 10'.split(' '))
})

test('a user without subordinate ids has no map', () => {
  assert.equal(subordinateMap('', { id: 1000, name: 'alice' }, 1000), undefined)
  assert.equal(subordinateMap('bob:1:1\nundefined:1:1\n', { id: 1000 }, 1000), undefined)
})
