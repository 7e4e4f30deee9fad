import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { walkSnapshotter } from '../../../src/snapshot/walk-snapshotter.ts'
import { propertyRuns } from '../../support/property-runs.ts'
import { removeDirectory, temporaryDirectory } from '../../support/temp.ts'
import { history, perform } from './random-changes.ts'
import { applyChanges, differences } from './rehearsal.ts'

test('a random tree stays the same through a layer, the snapshot of what that left, and another layer', async (t) => {
  const directory = temporaryDirectory(t)
  const property = fc.asyncProperty(history, async ({ before }) => {
    const own = mkdtempSync(join(directory, 'trip-'))
    const [tree, first, second] = ['tree', 'first', 'second'].map((name) => join(own, name)) as [string, string, string]
    for (const root of [tree, first, second]) mkdirSync(root)
    const made = await walkSnapshotter(tree, { mode: 'full' })
    for (const change of before) perform(tree, change)
    const changes = await made.diff()
    const extracted = await walkSnapshotter(first, { mode: 'full' })
    await applyChanges(tree, changes, first)
    const again = await extracted.diff()
    await applyChanges(first, again, second)
    assert.deepEqual(await differences(tree, first, changes), [])
    assert.deepEqual(await differences(first, second, again), [])
    removeDirectory(own)
  })
  await fc.assert(property, { ...propertyRuns(t, 40), endOnFailure: true })
})
