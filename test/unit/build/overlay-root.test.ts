import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { LayerTrees } from '../../../src/build/layer-trees.ts'
import { OverlayRoot } from '../../../src/build/overlay-root.ts'
import type { BuildRooms } from '../../../src/build/rooms.ts'
import type { Layer } from '../../../src/image/layer.ts'
import type { DiffID } from '../../../src/oci/digest.ts'
import { mostLower } from '../../../src/rootfs/overlay-mount.ts'
import { makeMountsPrivate } from '../../../src/sys/private-mounts.ts'
import { temporaryDirectory } from '../../support/temp.ts'

makeMountsPrivate()

test('a stage can have more steps than an overlay can have layers', async (t) => {
  const mounts = new DisposableStack()
  // Before the directory is removed.
  t.after(() => mounts.dispose())
  const directory = temporaryDirectory(t)
  // Unpacking a layer does what its step did.
  const unpack = async (root: string, layers: readonly Layer[]): Promise<void> => {
    for (const { diffID } of layers) appendFileSync(join(root, 'order'), `${diffID} `)
  }
  const trees = mounts.use(new LayerTrees({ directory: join(directory, 'trees'), marks: 'trusted', unpack }))
  const root = new OverlayRoot({ place: join(directory, 'root'), trees, rooms: {} as BuildRooms })
  const layers: Layer[] = []
  for (let step = 0; step < 2 * mostLower; step += 1) {
    await root.bringTo(layers)
    appendFileSync(join(root.path, 'order'), `${step} `)
    layers.push({ diffID: String(step) as DiffID } as Layer)
    root.keep(layers)
  }
  await root.bringTo(layers)
  assert.equal(readFileSync(join(root.path, 'order'), 'utf8'), layers.map(({ diffID }) => `${diffID} `).join(''))
})
