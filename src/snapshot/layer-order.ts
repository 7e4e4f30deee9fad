import { HearthError } from '../errors.ts'
import { type FileRecord, recordOf } from '../rootfs/record.ts'
import type { Root } from '../rootfs/root.ts'
import { baseName, parentOf, type RawPath, showPath } from '../tar/raw-path.ts'
import { changedMeanwhile } from './file-content.ts'

/** Changes as a layer takes them: in order, one after the other. */
export interface LayerChanges {
  readonly changed: Iterable<FileRecord>
  readonly removed: readonly RawPath[]
  /** Where the changed files and the directories above them are, if that is not the root itself. */
  readonly root?: Root
}

/** What a layer says about one path: how the file is, or that it is gone. */
export type LayerMember =
  | { readonly kind: 'file'; readonly record: FileRecord }
  | { readonly kind: 'removed'; readonly path: RawPath }

/**
 * The members of a layer in their order: parents first; in each directory what is gone, then the rest, each in byte
 * order. Directories on the way to a member are there, once each, whether they have changed or not, so that the layer
 * means the same wherever it is applied; only the root is left out then.
 */
export function* membersOf(root: Root, changes: LayerChanges): Generator<LayerMember> {
  const shown: RawPath[] = []
  for (const member of merged(changes)) {
    const path = pathOf(member)
    while (shown.length > 0 && !liesIn(path, shown.at(-1) as RawPath)) shown.pop()
    for (const directory of missingOnTheWay(path, shown.at(-1))) {
      shown.push(directory)
      yield { kind: 'file', record: directoryRecord(root, directory) }
    }
    refuseReserved(path)
    if (member.kind === 'file' && member.record.type === 'directory') shown.push(path)
    yield member
  }
}

function* merged({ changed, removed }: LayerChanges): Generator<LayerMember> {
  const gone = removed
    .map((path) => ({ path, order: whiteoutOrderOf(path) }))
    .sort((a, b) => (a.order < b.order ? -1 : 1))
  let next = 0
  for (const record of changed) {
    const order = orderOf(record.path)
    for (let first = gone[next]; first !== undefined && first.order < order; first = gone[next]) {
      yield { kind: 'removed', path: first.path }
      next += 1
    }
    // Sockets have no form in a layer.
    if (record.type !== 'socket') yield { kind: 'file', record }
  }
  for (const { path } of gone.slice(next)) yield { kind: 'removed', path }
}

/** A text that sorts as the path stands in a layer: no byte of a name is zero, so parents come before children. */
function orderOf(path: RawPath): string {
  return path.replaceAll('/', '\0')
}

/** One zero more than any sibling has. */
function whiteoutOrderOf(path: RawPath): string {
  const parent = parentOf(path)
  return parent === '' ? `\0${path}` : `${orderOf(parent)}\0\0${baseName(path)}`
}

function pathOf(member: LayerMember): RawPath {
  return member.kind === 'file' ? member.record.path : member.path
}

function liesIn(path: RawPath, directory: RawPath): boolean {
  return directory === '' || path.startsWith(`${directory}/`)
}

/** The directories between one that has been shown, or the root, and a path; the root needs no showing. */
function missingOnTheWay(path: RawPath, shown = '' as RawPath): readonly RawPath[] {
  const missing: RawPath[] = []
  for (let parent = parentOf(path); parent !== '' && parent !== shown; parent = parentOf(parent)) missing.push(parent)
  return missing.reverse()
}

function directoryRecord(root: Root, path: RawPath): FileRecord {
  refuseReserved(path)
  const record = recordOf(root, path)
  if (record?.type === 'directory') return record
  throw changedMeanwhile(path)
}

function refuseReserved(path: RawPath): void {
  if (!baseName(path).startsWith('.wh.')) return
  throw new HearthError({
    code: 'layer-invalid',
    message: `${showPath(path)} cannot be stored in an image`,
    why: 'in a layer, names that begin with ".wh." mean that a file was deleted',
    fix: 'Give the file another name, or remove it in the same RUN.',
  })
}
