import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type LayerStack, LayerTrees } from '../../../src/build/layer-trees.ts'
import type { OverlayMarks } from '../../../src/rootfs/overlay-mount.ts'
import { overlaySnapshotter } from '../../../src/snapshot/overlay-snapshotter.ts'
import type { Snapshotter } from '../../../src/snapshot/snapshotter.ts'
import { makeMountsPrivate, seenByAllThreads } from '../../../src/sys/private-mounts.ts'
import { snapshotterSuite, type WatchedRoot } from '../../suites/snapshotter.suite.ts'
import { temporaryDirectory } from '../../support/temp.ts'

makeMountsPrivate()

for (const marks of ['trusted', 'user'] as const) {
  snapshotterSuite(`overlay, marks of ${marks}`, async (t, fill) => watchOverlay(t, { marks, fill, layers: 1 }), {
    keepsNamesTogether: false,
  })
}
snapshotterSuite(
  'overlay of several layers',
  async (t, fill) => watchOverlay(t, { marks: 'trusted', fill, layers: 3 }),
  {
    keepsNamesTogether: false,
  },
)

interface ToWatch {
  readonly marks: OverlayMarks
  readonly fill: (directory: string) => void
  readonly layers: number
}

/** A root that is mounted anew after every diff, on what has changed before. */
function watchOverlay(t: TestContext, { marks, fill, layers }: ToWatch): WatchedRoot {
  const mounts = new DisposableStack()
  // Before the directory is removed.
  t.after(() => mounts.dispose())
  const directory = temporaryDirectory(t)
  const trees = mounts.use(new LayerTrees({ directory, marks, unpack: async () => {} }))
  const place = join(directory, 'root')
  const root = seenByAllThreads(place)
  mkdirSync(place)
  const lowest = join(directory, 'lowest')
  mkdirSync(lowest)
  fill(lowest)
  let stack: LayerStack = [lowest]
  let mounted = trees.mount(place, stack)
  const keep = (): void => {
    trees.unmount(place, mounted)
    stack = [mounted.upper, ...stack]
    mounted = trees.mount(place, stack)
  }
  for (let layer = 1; layer < layers; layer += 1) keep()
  const snapshotter: Snapshotter = { diff: (options) => overlaySnapshotter({ ...mounted, root, marks }).diff(options) }
  return { root, snapshotter, keep }
}
