import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { applyLayer } from '../../../src/rootfs/apply.ts'
import { layerItems } from '../../../src/snapshot/layer-items.ts'
import type { Changes } from '../../../src/snapshot/snapshotter.ts'
import type { TarItem } from '../../../src/tar/entry.ts'
import { baseName, parentOf, type RawPath } from '../../../src/tar/raw-path.ts'
import { writeTar } from '../../../src/tar/write.ts'
import type { WatchedRoot } from '../../suites/snapshotter.suite.ts'
import { run } from '../../support/command.ts'
import { compareTrees, type ImageTree, readTree, type TreeFile } from '../../support/image-tree.ts'
import { removeDirectory } from '../../support/temp.ts'
import { keptLog } from '../cache/samples.ts'
import { history, perform } from './random-changes.ts'

/**
 * Makes random trees, changes them at random, and applies the layer of the changes to a copy of the tree before: that
 * must give the tree after.
 */
export async function rehearse(
  watch: (fill: (directory: string) => void) => Promise<WatchedRoot>,
  options: { readonly runs: number; readonly seed: number },
): Promise<void> {
  const property = fc.asyncProperty(history, async ({ before, after }) => {
    const own = mkdtempSync(join(tmpdir(), 'hearth-test-'))
    try {
      const { root, snapshotter, keep } = await watch((directory) => {
        for (const change of before) perform(directory, change)
      })
      const copy = join(own, 'copy')
      await copyTree(root, copy)
      for (const change of after) perform(root, change)
      const changes = await snapshotter.diff()
      checkMembers([...layerItems(changes.root ?? root, changes)])
      await applyChanges(root, changes, copy)
      assert.deepEqual(await differences(root, copy, changes), [])
      keep?.()
      const { changed, removed } = await snapshotter.diff()
      assert.deepEqual({ changed, removed }, { changed: [], removed: [] })
    } finally {
      removeDirectory(own)
    }
  })
  await fc.assert(property, { numRuns: options.runs, seed: options.seed, endOnFailure: false })
}

/** Copies a tree with everything it has. */
export async function copyTree(from: string, to: string): Promise<void> {
  mkdirSync(to)
  await run('cp', ['-a', '--', `${from}/.`, to])
}

/** Writes the layer of some changes and applies it to another root. */
export async function applyChanges(root: string, changes: Changes, to: string): Promise<void> {
  await applyLayer(to, writeTar(layerItems(changes.root ?? root, changes)), { log: keptLog().log })
}

/** Where two roots differ. The time of the root itself counts only if the layer holds it. */
export async function differences(root: string, copy: string, changes?: Changes): Promise<readonly string[]> {
  const [expected, actual] = [groupsOf(await readTree(root)), groupsOf(await readTree(copy))]
  const [top, copiedTop] = [expected.get(''), actual.get('')]
  const holdsRoot = changes === undefined || changes.changed.some(({ path }) => path === '')
  if (!holdsRoot && top !== undefined && copiedTop !== undefined) actual.set('', { ...copiedTop, mtime: top.mtime })
  return compareTrees(expected, actual, { times: true })
}

/** What shares its file with no name any more is a file like any other: an overlay counts the names that it has hidden, too. */
function groupsOf(tree: ImageTree): Map<string, TreeFile> {
  const sizes = new Map<string, number>()
  for (const { sameAs } of tree.values()) if (sameAs !== undefined) sizes.set(sameAs, (sizes.get(sameAs) ?? 0) + 1)
  return new Map(
    [...tree].map(([path, { sameAs, ...file }]) => {
      return [path, sameAs === undefined || sizes.get(sameAs) === 1 ? file : { ...file, sameAs }]
    }),
  )
}

/** What must hold for the members of any layer, whatever is in it. */
export function checkMembers(items: readonly TarItem[]): void {
  const seen = new Set<RawPath>()
  const gone = new Set<RawPath>()
  const files = new Set<RawPath>()
  for (const { entry } of items) {
    const { path } = entry
    assert.ok(!seen.has(path), `${path} is there once`)
    seen.add(path)
    const parent = parentOf(path)
    assert.ok(parent === '' || seen.has(parent), `${parent} comes before ${path}`)
    if (entry.type === 'hardlink') assert.ok(files.has(entry.target), `${entry.target} comes before its link ${path}`)
    if (!baseName(path).startsWith('.wh.')) {
      files.add(path)
      continue
    }
    const removed = path.replace(/\.wh\.([^/]*)$/, '$1') as RawPath
    assert.ok(!files.has(removed), `${removed} is not both there and gone`)
    assert.ok(![...files].some((file) => parentOf(file) === parent && file !== ''), `${path} comes before its siblings`)
    assert.ok(![...gone].some((above) => path.startsWith(`${above}/`)), `${path} lies below nothing that is gone`)
    gone.add(removed)
  }
  for (const path of gone) assert.ok(!files.has(path), `${path} is not both there and gone`)
}
