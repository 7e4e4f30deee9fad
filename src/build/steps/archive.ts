import { closeSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { HearthError } from '../../errors.ts'
import { openSourceFile } from '../../rootfs/open-source.ts'
import { recordOf } from '../../rootfs/record.ts'
import { onMachine } from '../../rootfs/root.ts'
import type { SelectedSource } from '../../rootfs/selected-source.ts'
import type { Bytes } from '../../stream/bytes.ts'
import { decompressDetected, detectCompression } from '../../stream/compression.ts'
import { showPath } from '../../tar/raw-path.ts'
import { blockSize, isTarHeader } from '../../tar/tar-header.ts'

const chunkSize = 1 << 20

/** Tells whether ADD unpacks a file: a tar archive, plain or compressed, whatever it is called. */
export async function isArchive(source: SelectedSource): Promise<boolean> {
  const record = recordOf(source.root, source.path)
  if (record?.type !== 'file') return false
  const head = headOf(source)
  const compression = detectCompression(head)
  if (compression === 'none' || (compression === 'bzip2' && !isBzip2(head))) return isTarHeader(head)
  try {
    return isTarHeader(await firstBlock(readArchive(source)))
  } catch (error) {
    // What does not decompress is a file like any other.
    if (error instanceof HearthError && error.code === 'layer-invalid') return false
    if (error instanceof HearthError && error.code === 'compression-unsupported') throw unreadable(source, error)
    throw error
  }
}

/** The archive's tar, decompressed. */
export function readArchive(source: SelectedSource): Bytes {
  return decompressDetected(contentOf(source))
}

async function* contentOf(source: SelectedSource): Bytes {
  const descriptor = openSelected(source)
  const handle = await open(`/proc/self/fd/${descriptor}`, 'r').finally(() => closeSync(descriptor))
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafeSlow(chunkSize)
      const { bytesRead } = await handle.read(chunk, 0, chunkSize, null)
      if (bytesRead === 0) return
      yield chunk.subarray(0, bytesRead)
    }
  } finally {
    await handle.close()
  }
}

function headOf(source: SelectedSource): Buffer {
  const descriptor = openSelected(source)
  try {
    const head = Buffer.alloc(blockSize)
    return head.subarray(0, readSync(descriptor, head, 0, blockSize, 0))
  } finally {
    closeSync(descriptor)
  }
}

function openSelected(source: SelectedSource): number {
  const root = onMachine(source.root)
  const record = recordOf(root, source.path)
  if (record !== undefined) return openSourceFile(root, record)
  throw new HearthError({ code: 'copy-source', message: `${showPath(source.path)} was there and is gone` })
}

async function firstBlock(tar: Bytes): Promise<Buffer> {
  let block: Buffer = Buffer.alloc(0)
  for await (const chunk of tar) {
    block = Buffer.concat([block, chunk.subarray(0, blockSize)])
    if (block.byteLength >= blockSize) break
  }
  return block.subarray(0, blockSize)
}

function unreadable(source: SelectedSource, cause: HearthError): HearthError {
  return new HearthError({
    code: cause.code,
    message: `ADD cannot look into ${showPath(source.path)}: ${cause.message}`,
    why: cause.why,
    fix: `${cause.fix ?? ''} To have it as it is, write ADD --unpack=false.`.trim(),
    cause,
  })
}

/** Three letters can start any text; in bzip2 a level and the mark of the first block, or of the end, follow. */
function isBzip2(head: Buffer): boolean {
  const mark = head.subarray(4, 10).toString('hex')
  return /^[1-9]$/.test(head.toString('latin1', 3, 4)) && (mark === '314159265359' || mark === '177245385090')
}
