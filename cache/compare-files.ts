import type { FileAspect, FileDifference } from './difference.ts'
import { canonicalJson, type KeyInput } from './key.ts'

/** What two lists of files differ in, in the order of the newer one; what is gone comes last. */
export function compareFiles(before: readonly KeyInput[], after: readonly KeyInput[]): readonly FileDifference[] {
  const earlier = byPlace(before)
  const later = byPlace(after)
  const differences: FileDifference[] = []
  for (const [place, file] of later) {
    const old = earlier.get(place)
    if (old === undefined) differences.push({ kind: 'file', path: file.path, change: 'added', what: [] })
    else {
      const what = aspects(old, file)
      if (what.length > 0) differences.push({ kind: 'file', path: file.path, change: 'changed', what })
    }
  }
  for (const [place, { path }] of earlier) {
    if (!later.has(place)) differences.push({ kind: 'file', path, change: 'removed', what: [] })
  }
  return differences
}

/** Several sources may have files of one path: the first is compared with the first, and so on. */
function byPlace(files: readonly KeyInput[]): ReadonlyMap<string, KeyInput> {
  const counts = new Map<string, number>()
  return new Map(
    files.map((file) => {
      const count = counts.get(file.path) ?? 0
      counts.set(file.path, count + 1)
      return [`${count} ${file.path}`, file]
    }),
  )
}

function aspects(before: KeyInput, after: KeyInput): readonly FileAspect[] {
  const all: readonly FileAspect[] = [
    { name: 'type', from: before.type, to: after.type },
    { name: 'content', from: before.content, to: after.content },
    { name: 'mode', from: octal(before.mode), to: octal(after.mode) },
    { name: 'owner', from: owner(before), to: owner(after) },
    { name: 'attributes', from: canonicalJson(before.xattrs ?? {}), to: canonicalJson(after.xattrs ?? {}) },
  ]
  const different = all.filter(({ from, to }) => from !== to)
  // A file in the place of a link differs in all else as well, which says nothing.
  return different[0]?.name === 'type' ? different.slice(0, 1) : different
}

function octal(mode: number): string {
  return mode.toString(8).padStart(4, '0')
}

function owner({ uid, gid }: KeyInput): string {
  return uid === undefined && gid === undefined ? '' : `${uid}:${gid}`
}
