import { createHash } from 'node:crypto'
import { closeSync, readlinkSync, readSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { deviceOf } from '../rootfs/copy-node.ts'
import { readXattrs } from '../rootfs/metadata.ts'
import { openSourceFile } from '../rootfs/open-source.ts'
import type { FileRecord } from '../rootfs/record.ts'
import { entriesOf, type SelectedSource } from '../rootfs/selected-source.ts'
import { onDisk, type RawPath } from '../tar/raw-path.ts'

/** What a copied file adds to the key of its layer. Times are not part of it. */
export type SourceInput = {
  /** As the destination sees it: below the copied directory, or the file's name. */
  readonly path: string
  readonly type: string
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  readonly xattrs?: { readonly [name: string]: string }
  /** Digest of a file's bytes, target of a symlink, numbers of a device. */
  readonly content: string
}

export interface DigestOptions {
  /** Whether owners count: they do where files keep them. */
  readonly owners: boolean
  readonly signal?: AbortSignal
}

/** Reads every file of the sources; equal lists mean that a copy of them gives the same files. */
export async function digestSources(
  sources: readonly SelectedSource[],
  options: DigestOptions,
): Promise<readonly SourceInput[]> {
  const inputs: SourceInput[] = []
  const buffer = Buffer.allocUnsafeSlow(readSize)
  for (const source of sources) {
    for (const { record, path } of entriesOf(source)) {
      if (inputs.length % 256 === 255) await nextTurn()
      options.signal?.throwIfAborted()
      const content = await contentOf({ root: source.root, record, buffer, ...options })
      inputs.push(
        path === '' && source.isDirectory ? contentsMarker : input(source, { record, path, content }, options),
      )
    }
  }
  return inputs
}

const readSize = 1 << 20

/** Of a copied directory only the contents are copied, so that its own mode decides nothing. */
const contentsMarker: SourceInput = { path: '/', type: 'directory', mode: 0, content: '' }

interface Digested {
  readonly record: FileRecord
  readonly path: RawPath
  readonly content: string
}

function input(source: SelectedSource, file: Digested, options: DigestOptions): SourceInput {
  const { record, path, content } = file
  const xattrs = [...readXattrs(source.root, record.path)]
  return {
    path: exactText(path === '' ? source.name : path),
    type: record.type,
    mode: record.type === 'symlink' ? 0 : record.mode,
    ...(options.owners ? { uid: record.uid, gid: record.gid } : {}),
    ...(xattrs.length === 0 ? {} : { xattrs: Object.fromEntries(xattrs.map(([name, value]) => [name, hex(value)])) }),
    content,
  }
}

interface Reading {
  readonly root: string
  readonly record: FileRecord
  readonly buffer: Buffer
  readonly signal?: AbortSignal
}

async function contentOf(reading: Reading): Promise<string> {
  const { root, record } = reading
  switch (record.type) {
    case 'file':
      return digestFile(reading)
    case 'symlink':
      return exactText(readlinkSync(onDisk(root, record.path), { encoding: 'latin1' }) as RawPath)
    case 'character':
    case 'block': {
      const { major, minor } = deviceOf(record.rdev)
      return `${major}:${minor}`
    }
    default:
      return ''
  }
}

/** Reads synchronously, which is several times faster, and lets others have their turn now and then. */
async function digestFile({ root, record, buffer, signal }: Reading): Promise<string> {
  const digest = createHash('sha256')
  const descriptor = openSourceFile(root, record)
  try {
    for (let count = 1; ; count += 1) {
      const size = readSync(descriptor, buffer, 0, readSize, null)
      if (size === 0) return `sha256:${digest.digest('hex')}`
      digest.update(buffer.subarray(0, size))
      if (count % 16 !== 0) continue
      await nextTurn()
      signal?.throwIfAborted()
    }
  } finally {
    closeSync(descriptor)
  }
}

/** The text of a path; where its bytes are no UTF-8, in a form no other path has. */
function exactText(path: RawPath): string {
  const bytes = Buffer.from(path, 'latin1')
  const text = bytes.toString('utf8')
  return Buffer.from(text, 'utf8').equals(bytes) ? text : `bytes:${bytes.toString('hex')}`
}

function hex(value: Uint8Array): string {
  return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')
}
