import type { Bytes } from '../stream/bytes.ts'
import type { RawPath } from './raw-path.ts'

interface EntryCommon {
  readonly path: RawPath
  /** Permission bits, 07777. */
  readonly mode: number
  readonly uid: number
  readonly gid: number
  /** Nanoseconds since the epoch; may be negative. */
  readonly mtimeNs: bigint
  /** Extended attributes by name, values as they are. */
  readonly xattrs: ReadonlyMap<string, Uint8Array>
}

/** One member of a layer or archive. Whiteouts are files here; what they mean is the business of `rootfs`. */
export type TarEntry = EntryCommon &
  (
    | { readonly type: 'file'; readonly size: number }
    /** Another name of a file that came before. `target` is that name, below the same root. */
    | { readonly type: 'hardlink'; readonly target: RawPath }
    /** `target` is the link's text, byte for byte. */
    | { readonly type: 'symlink'; readonly target: Uint8Array }
    | { readonly type: 'character' | 'block'; readonly major: number; readonly minor: number }
    | { readonly type: 'fifo' | 'directory' }
  )

/** A member to write. `open` gives the content of a file, exactly `size` bytes; nothing else has one. */
export interface TarItem {
  readonly entry: TarEntry
  readonly open?: () => Bytes | Iterable<Uint8Array>
  /** Told where in the archive the content of a file begins. */
  readonly onPlaced?: (offset: number) => void
}
