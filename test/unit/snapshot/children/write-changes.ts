import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { layerItems } from '../../../../src/snapshot/layer-items.ts'
import { walkSnapshotter } from '../../../../src/snapshot/walk-snapshotter.ts'

// Appends to one file of a root and reads what the layer holds of it. argv: root, the file's path below it.
const [root = '', path = ''] = process.argv.slice(2)
const snapshotter = await walkSnapshotter(root, { mode: 'full' })
appendFileSync(join(root, path), 'more')
for (const { entry, open } of layerItems(root, await snapshotter.diff())) {
  let size = 0
  for await (const chunk of open?.() ?? []) size += chunk.byteLength
  process.stdout.write(`${entry.path} ${size}\n`)
}
