import { closeSync, openSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import { mount, unmount } from '../sys/mounts.ts'
import { pointerOnly } from '../sys/pointer-flag.ts'

/**
 * The family of extended attributes in which an overlay keeps its marks: those of root, or those that root of a user
 * namespace may write, too.
 */
export type OverlayMarks = 'trusted' | 'user'

/** An overlay of directories. All paths are host directories that exist. */
export interface Overlay {
  /** Topmost first; they must not change while they are mounted. */
  readonly lower: readonly string[]
  /** Takes the changes: an empty directory, and one beside it on the same filesystem for the kernel's own use. */
  readonly upper?: { readonly directory: string; readonly work: string }
  readonly marks: OverlayMarks
}

/** A mount's options have to fit into one page of memory, and each directory takes up to 20 bytes of it. */
export const mostLower = 150

/** What the machine's defaults could change, and what must not get into an upper directory. */
const options = ['index=off', 'metacopy=off', 'redirect_dir=nofollow', 'xino=off']

/**
 * Mounts an overlay. Nothing of it is flushed to the disk before it is needed there: a power cut ends the build anyway.
 * Throws a SystemError, with EINVAL when a filesystem cannot be part of an overlay.
 */
export function mountOverlay(target: string, overlay: Overlay): void {
  try {
    mountWith(target, overlay, ['volatile'])
  } catch (error) {
    // Kernels before 5.10 do not know the word.
    if (overlay.upper === undefined || systemCode(error) !== 'EINVAL') throw error
    mountWith(target, overlay, [])
  }
}

/** Takes an overlay away, at the latest when the last program has closed what it has open there. */
export function unmountOverlay(target: string): void {
  unmount(target, { detach: true })
}

function mountWith(target: string, { lower, upper, marks }: Overlay, more: readonly string[]): void {
  const descriptors: number[] = []
  // A descriptor's name is short, and has nothing in it that options would have to escape.
  const named = (directory: string): string => {
    const descriptor = openSync(directory, pointerOnly)
    descriptors.push(descriptor)
    return `/proc/self/fd/${descriptor}`
  }
  try {
    const data = [`lowerdir=${lower.map(named).join(':')}`, ...options]
    if (upper !== undefined) data.push(`upperdir=${named(upper.directory)}`, `workdir=${named(upper.work)}`, ...more)
    if (marks === 'user') data.push('userxattr')
    mount({ source: 'overlay', target, type: 'overlay', data: data.join(',') })
  } finally {
    for (const descriptor of descriptors) closeSync(descriptor)
  }
}
