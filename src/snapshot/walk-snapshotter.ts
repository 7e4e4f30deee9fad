import { setImmediate as nextTurn } from 'node:timers/promises'
import { entriesOf } from '../rootfs/selected-source.ts'
import { rawPath } from '../tar/raw-path.ts'
import { Comparison } from './comparison.ts'
import { FileTable } from './file-table.ts'
import { waitForNextTick } from './next-tick.ts'
import { refuseMounts } from './refuse-mounts.ts'
import type { Changes, DiffOptions, Snapshotter } from './snapshotter.ts'

export interface WalkOptions extends DiffOptions {
  /**
   * kaniko's names for how closely to look. All of them look equally closely here: no file is read to find out whether
   * it has changed, so there is nothing to gain from looking less.
   */
  readonly mode: 'full' | 'redo' | 'time'
}

/** Longest time in milliseconds for which nothing else gets its turn. */
const sliceMs = 5

/**
 * A snapshotter over a plain directory, which it walks now and at every diff. It asks for nothing but lstat, and for
 * the extended attributes of directories. Sockets are as good as absent: no layer can hold one. A diff that fails
 * leaves the state to compare with as it was.
 */
export async function walkSnapshotter(root: string, options: WalkOptions): Promise<Snapshotter> {
  let { table } = await walk(root, new FileTable(), options)
  return {
    async diff(diffOptions = {}): Promise<Changes> {
      const next = await walk(root, table, diffOptions)
      table = next.table
      return next.changes
    },
  }
}

interface Walked {
  readonly table: FileTable
  readonly changes: Changes
}

async function walk(root: string, before: FileTable, { signal }: DiffOptions): Promise<Walked> {
  const since = performance.now()
  signal?.throwIfAborted()
  refuseMounts(root)
  const comparison = new Comparison(root, before)
  const whole = { root, path: rawPath(''), name: rawPath(''), isDirectory: true }
  let hasFractions = false
  let device: bigint | undefined
  let turn = performance.now()
  for (const { record } of entriesOf(whole)) {
    // Another device without a mount is a subvolume, which belongs to the root.
    if (device !== undefined && record.type === 'directory' && record.dev !== device) refuseMounts(root)
    device ??= record.dev
    hasFractions ||= record.ctimeNs % 1_000_000_000n !== 0n
    comparison.see(record)
    if (performance.now() - turn < sliceMs) continue
    await nextTurn()
    signal?.throwIfAborted()
    turn = performance.now()
  }
  const changes = comparison.finish()
  await waitForNextTick({ since, hasFractions, ...(signal === undefined ? {} : { signal }) })
  return { table: comparison.table, changes }
}
