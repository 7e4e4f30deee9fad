import type { Bytes } from '../../../src/stream/bytes.ts'
import type { TarEntry, TarItem } from '../../../src/tar/entry.ts'
import { type RawPath, rawPath } from '../../../src/tar/raw-path.ts'
import { type ReadTarOptions, readTar } from '../../../src/tar/read.ts'

/** An entry that has been read, with the content of a file. */
export interface ReadEntry {
  readonly entry: TarEntry
  readonly content: Buffer
}

export async function* inChunks(bytes: Uint8Array, size: number): Bytes {
  for (let at = 0; at < bytes.byteLength; at += size) yield bytes.subarray(at, at + size)
}

export async function readAll(source: Bytes, options: ReadTarOptions = {}): Promise<readonly ReadEntry[]> {
  const entries: { entry: TarEntry; parts: Uint8Array[] }[] = []
  const sink = {
    entry: (entry: TarEntry) => void entries.push({ entry, parts: [] }),
    data: (chunk: Uint8Array, start: number, end: number) => void entries.at(-1)?.parts.push(chunk.slice(start, end)),
    hole: (size: number) => void entries.at(-1)?.parts.push(Buffer.alloc(size)),
    fileEnd: () => {},
  }
  await readTar(source, sink, options)
  return entries.map(({ entry, parts }) => ({ entry, content: Buffer.concat(parts) }))
}

export async function bytesFrom(source: Bytes): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of source) parts.push(chunk)
  return Buffer.concat(parts)
}

export const common = { mode: 0o644, uid: 0, gid: 0, mtimeNs: 0n, xattrs: new Map<string, Uint8Array>() } as const

export function fileItem(path: string | RawPath, content: string | Uint8Array, more: Partial<TarEntry> = {}): TarItem {
  const bytes = Buffer.from(content)
  const entry = { ...common, ...more, path: rawPath(path), type: 'file', size: bytes.byteLength } as TarEntry
  return { entry, open: () => (bytes.byteLength === 0 ? [] : [bytes]) }
}
