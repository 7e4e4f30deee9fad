import type { FileHandle } from 'node:fs/promises'
import { BadHeader, blockSize, isZero, readHeader } from './header.ts'
import { readDecimal } from './numbers.ts'
import { readPax } from './pax.ts'
import { paddingOf } from './piece.ts'

/** A file of an archive, and where in the archive its content begins. */
export interface ArchiveMember {
  readonly name: string
  readonly offset: number
  /** Bytes. */
  readonly size: number
}

const limits = { members: 100_000, extension: 1 << 20 }

/**
 * The files of an archive that carries plain files, found by its headers alone: contents are passed over, not read. What
 * else is in it, such as links, is left out. Throws a BadHeader when the archive is not one, or not whole.
 */
export async function archiveMembers(handle: FileHandle): Promise<readonly ArchiveMember[]> {
  const members: ArchiveMember[] = []
  const { size: end } = await handle.stat()
  const block = Buffer.alloc(blockSize)
  let given: { readonly name?: string; readonly size?: number } = {}
  for (let at = 0; ; ) {
    await readExactly(handle, block, at)
    if (isZero(block, 0)) return members
    const { flag, name, size: stated } = readHeader(block, 0)
    const size = flag === 'x' ? sizeIn(stated) : (given.size ?? sizeIn(stated))
    const offset = at + blockSize
    at = offset + size + paddingOf(size)
    if (at > end || members.length === limits.members) throw new BadHeader('the archive is cut off')
    if (flag === 'x') {
      given = await readExtension(handle, offset, size)
      continue
    }
    if (flag === '0' || flag === '\0') members.push({ name: given.name ?? name, offset, size })
    given = {}
  }
}

async function readExtension(
  handle: FileHandle,
  offset: number,
  length: number,
): Promise<{ readonly name?: string; readonly size?: number }> {
  if (length > limits.extension) throw new BadHeader('an extended header is too long')
  const body = Buffer.alloc(length)
  await readExactly(handle, body, offset)
  const records = readPax(body)
  const [name, size] = [records.get('path'), records.get('size')]
  return {
    ...(name === undefined ? {} : { name }),
    ...(size === undefined ? {} : { size: sizeIn(readDecimal(size)) }),
  }
}

function sizeIn(value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw new BadHeader('a size in it is not valid')
}

async function readExactly(handle: FileHandle, buffer: Buffer, at: number): Promise<void> {
  for (let done = 0; done < buffer.byteLength; ) {
    const { bytesRead } = await handle.read(buffer, done, buffer.byteLength - done, at + done)
    if (bytesRead === 0) throw new BadHeader('the archive is cut off')
    done += bytesRead
  }
}
