import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import { cacheKey, type KeyRecord, keyOfStored, storedRecord } from '../../../cache/key.ts'
import { propertyRuns } from '../../support/property-runs.ts'
import { diceOf, neighbourOf, randomRecord } from './record-pairs.ts'

/** Counts pairs whose keys and contents disagree, and says which pair was the first. */
function compareAll(pairs: Iterable<readonly [KeyRecord, KeyRecord]>): {
  readonly equal: number
  readonly wrong: string[]
} {
  let equal = 0
  const wrong: string[] = []
  for (const [one, other] of pairs) {
    const same = isDeepStrictEqual(one, other)
    if (same) equal += 1
    if ((cacheKey(one) === cacheKey(other)) !== same) wrong.push(JSON.stringify([one, other]))
  }
  return { equal, wrong }
}

function* pairs(runs: number, seed: number): Generator<readonly [KeyRecord, KeyRecord]> {
  const dice = diceOf(seed)
  let before = randomRecord(dice)
  for (let i = 0; i < runs; i += 1) {
    const record = randomRecord(dice)
    yield [record, i % 4 === 0 ? before : neighbourOf(record, dice)]
    before = record
  }
}

test('of a hundred thousand pairs of records, most of them nearly the same, those with one key are the same', (t) => {
  const { numRuns, seed } = propertyRuns(t, 100_000)
  const { equal, wrong } = compareAll(pairs(numRuns, seed))
  assert.deepEqual(wrong.slice(0, 3), [])
  assert.ok(equal > numRuns / 100 && equal < numRuns / 2, `${equal} of the pairs are the same`)
})

test('a record that was stored and read has the key it had', (t) => {
  const { numRuns, seed } = propertyRuns(t, 5_000)
  const dice = diceOf(seed)
  for (let i = 0; i < numRuns; i += 1) {
    const record = randomRecord(dice)
    assert.equal(keyOfStored(JSON.parse(JSON.stringify(storedRecord(record)))), cacheKey(record))
  }
})
