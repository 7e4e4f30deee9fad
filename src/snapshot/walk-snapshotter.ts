import { setImmediate as nextTurn } from 'node:timers/promises'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import { entriesOf, type SelectedSource } from '../rootfs/selected-source.ts'
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
  /**
   * Tells what in the root is not the image's; asked before every walk. It is not walked and nothing is said about it;
   * what was there before it became ignored counts as unchanged until it is ignored no more.
   */
  readonly ignored?: () => IgnoredPaths
}

/** Longest time in milliseconds for which nothing else gets its turn. */
const sliceMs = 5

/**
 * A snapshotter over a plain directory, which it walks now and at every diff. It asks for nothing but lstat, and for
 * the extended attributes of directories. Sockets are as good as absent: no layer can hold one. A diff that fails
 * leaves the state to compare with as it was.
 */
export async function walkSnapshotter(root: string, options: WalkOptions): Promise<Snapshotter> {
  const ignoring = options.ignored === undefined ? {} : { ignored: options.ignored }
  let { table } = await walk({ root, before: new FileTable(), ...options })
  return {
    async diff(diffOptions = {}): Promise<Changes> {
      const next = await walk({ root, before: table, ...ignoring, ...diffOptions })
      table = next.table
      return next.changes
    },
  }
}

interface Walk extends DiffOptions, Pick<WalkOptions, 'ignored'> {
  readonly root: string
  readonly before: FileTable
}

interface Walked {
  readonly table: FileTable
  readonly changes: Changes
}

async function walk({ root, before, signal, touched, ignored: askIgnored }: Walk): Promise<Walked> {
  const since = performance.now()
  signal?.throwIfAborted()
  const ignored = askIgnored?.()
  refuseMounts(root, ignored)
  const comparison = new Comparison({ root, before, ignored, touched })
  let hasFractions = false
  let device: bigint | undefined
  let turn = performance.now()
  for (const { record } of entriesOf(whole(root, ignored))) {
    // Another device without a mount is a subvolume, which belongs to the root.
    if (device !== undefined && record.type === 'directory' && record.dev !== device) refuseMounts(root, ignored)
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

function whole(root: string, ignored: IgnoredPaths | undefined): SelectedSource {
  const all = { root, path: rawPath(''), name: rawPath(''), isDirectory: true }
  return ignored === undefined ? all : { ...all, filter: { ignores: ignored.covers, prunes: ignored.covers } }
}
