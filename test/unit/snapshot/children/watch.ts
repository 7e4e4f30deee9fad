import { walkSnapshotter } from '../../../../src/snapshot/walk-snapshotter.ts'

// Watches the root named in argv, and prints what comes of it.
try {
  await walkSnapshotter(process.argv[2] ?? '', { mode: 'full' })
  process.stdout.write('watched\n')
} catch (error) {
  process.stdout.write(`${error}\n`)
}
