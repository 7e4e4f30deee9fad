import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { mountOverlay, type OverlayMarks, unmountOverlay } from './overlay-mount.ts'
import { removeTree } from './remove.ts'

/** How overlays work in a directory, or why they do not: "EINVAL: mount failed for …". */
export type OverlayFinding =
  | { readonly works: true; readonly marks: OverlayMarks }
  | { readonly works: false; readonly why: string }

/**
 * Tries in an existing directory whether overlays can be had there, by what only a working one can do. Needs a mount
 * namespace of this process's own.
 */
export async function probeOverlay(directory: string): Promise<OverlayFinding> {
  const place = mkdtempSync(join(directory, 'overlay-'))
  try {
    const failures: string[] = []
    for (const marks of ['trusted', 'user'] as const) {
      const why = tryMarks(join(place, marks), marks)
      if (why === undefined) return { works: true, marks }
      if (!failures.includes(why)) failures.push(why)
    }
    return { works: false, why: failures.join('; ') }
  } finally {
    await removeTree(place)
  }
}

/** Why overlays with these marks do not work; undefined when they do. */
function tryMarks(place: string, marks: OverlayMarks): string | undefined {
  const [lower = '', upper = '', work = '', view = ''] = ['lower', 'upper', 'work', 'view'].map((name) =>
    join(place, name),
  )
  for (const path of [join(lower, 'replaced/below'), upper, work, view]) mkdirSync(path, { recursive: true })
  writeFileSync(join(lower, 'replaced/file'), '')
  try {
    mountOverlay(view, { lower: [lower], upper: { directory: upper, work }, marks })
    try {
      return replaceDirectory(join(view, 'replaced'))
    } finally {
      unmountOverlay(view)
    }
  } catch (error) {
    return messageOf(error).replaceAll(place, '')
  }
}

/** A directory that takes the place of another is where marks that may not be written are missed. */
function replaceDirectory(path: string): string | undefined {
  rmSync(path, { recursive: true })
  mkdirSync(path)
  return readdirSync(path).length === 0 ? undefined : 'what was removed from an overlay comes back'
}
