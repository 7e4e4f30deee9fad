import { ignoredPaths } from '../../../../src/rootfs/ignored-paths.ts'
import { walkSnapshotter } from '../../../../src/snapshot/walk-snapshotter.ts'
import { rawPath } from '../../../../src/tar/raw-path.ts'

// Watches a root with paths that are not the image's. argv: root, ignored paths.
const [root = '', ...paths] = process.argv.slice(2)
const ignored = ignoredPaths(paths.map(rawPath))
await walkSnapshotter(root, { mode: 'full', ignored: () => ignored })
process.stdout.write('watched\n')
