import { HearthError } from '../errors.ts'
import { readRecorded } from '../rootfs/read-recorded.ts'
import type { FileRecord } from '../rootfs/record.ts'
import type { Root } from '../rootfs/root.ts'
import type { Bytes } from '../stream/bytes.ts'
import { type RawPath, showPath } from '../tar/raw-path.ts'

/**
 * The content of a file in a root, exactly as many bytes as its record says; opened when the first is asked for. Throws
 * when the file is not the recorded one any more, or has another size.
 */
export function fileContent(root: Root, record: FileRecord): Bytes | Iterable<Uint8Array> {
  if (typeof root !== 'string') return root.nodes.content(Number(record.ino))
  const isSame = ({ size }: { readonly size: bigint }): boolean => Number(size) === record.size
  return readRecorded({ root, record, isSame, changed: changedMeanwhile })
}

export function changedMeanwhile(path: RawPath): HearthError {
  return new HearthError({
    code: 'layer-invalid',
    message: `${showPath(path)} changed while its layer was written`,
    why: "something other than the build writes into the stage's root filesystem",
    fix: 'Let nothing but the build use its work directory.',
  })
}
