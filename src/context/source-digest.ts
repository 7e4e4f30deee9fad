import { createHash } from 'node:crypto'
import { closeSync, readSync } from 'node:fs'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'
import type { ModeChange } from '../dockerfile/mode.ts'
import { deviceOf } from '../rootfs/copy-node.ts'
import { readXattrs } from '../rootfs/metadata.ts'
import { openSourceFile } from '../rootfs/open-source.ts'
import { readLink } from '../rootfs/read-link.ts'
import { type FileRecord, inodeOf, recordOf } from '../rootfs/record.ts'
import type { Root } from '../rootfs/root.ts'
import { entriesOf, type SelectedSource } from '../rootfs/selected-source.ts'
import { digestOfContent } from '../stream/digesting.ts'
import type { RawPath } from '../tar/raw-path.ts'

/** What a copied file adds to the key of its layer. Times are not part of it. */
export type SourceInput = {
  /** As the destination sees it: below the copied directory, or the file's name. */
  readonly path: string
  readonly type: string
  /** Permission bits, 07777. */
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  /** Name to hexadecimal value. */
  readonly xattrs?: { readonly [name: string]: string }
  /** Digest of a file's bytes, target of a symlink, numbers of a device. */
  readonly content: string
  /** Number of the earlier input that is the same file by another name, counted from 0; told where such names count. */
  readonly link?: number
}

export interface DigestOptions {
  /** Whether owners count: they do where files keep them. */
  readonly owners: boolean
  /** Whether it counts which names are those of one file. */
  readonly links?: boolean
  /** What becomes of permission bits: those that a copy gets count. */
  readonly mode?: ModeChange
  readonly signal?: AbortSignal
}

export interface DigestedSources {
  /** Equal lists mean that a copy of the sources gives the same files. */
  readonly inputs: readonly SourceInput[]
  /** The sources, with what was seen of them: copies of these are copies of what was digested, or fail. */
  readonly sources: readonly SelectedSource[]
}

/** Reads every file of the sources. */
export async function digestSources(
  sources: readonly SelectedSource[],
  options: DigestOptions,
): Promise<DigestedSources> {
  const inputs: SourceInput[] = []
  const digested: SelectedSource[] = []
  const buffer = Buffer.allocUnsafeSlow(readSize)
  for (const source of sources) {
    const seen: FileRecord[] = []
    const links = new Map<string, number>()
    const { root } = source
    for (const { record: found, path } of entriesOf(source)) {
      if (inputs.length % 256 === 255) await nextTurn()
      options.signal?.throwIfAborted()
      const record = await settled(root, found)
      seen.push(record)
      const link = options.links === true ? earlierName(record, inputs.length, links) : undefined
      const content = link === undefined ? await contentOf({ root, record, buffer, ...options }) : ''
      const file = { record, path, content, link }
      inputs.push(path === '' && source.isDirectory ? contentsMarker : input(source, file, options))
    }
    digested.push({ ...source, seen })
  }
  return { inputs, sources: digested }
}

/**
 * The record of a file once a change from now on will have a time of its own: the clocks of filesystems tick every few
 * milliseconds.
 */
async function settled(root: Root, record: FileRecord): Promise<FileRecord> {
  // What a tree stands for does not change.
  if (typeof root !== 'string') return record
  const age = Date.now() - Number(record.ctimeNs / 1_000_000n)
  if (age < 0 || age >= longestTickMs) return record
  await sleep(longestTickMs - age)
  return recordOf(root, record.path) ?? record
}

/** The number of the input that has this file under another name already; remembers those that may get one. */
function earlierName(record: FileRecord, at: number, links: Map<string, number>): number | undefined {
  if (record.nlink < 2 || record.type === 'directory') return undefined
  const known = links.get(inodeOf(record))
  if (known === undefined) links.set(inodeOf(record), at)
  return known
}

const longestTickMs = 20
const readSize = 1 << 20

/** Of a copied directory only the contents are copied, so that its own mode decides nothing. */
const contentsMarker: SourceInput = { path: '/', type: 'directory', mode: 0, content: '' }

interface Digested {
  readonly record: FileRecord
  readonly path: RawPath
  readonly content: string
  readonly link: number | undefined
}

function input(source: SelectedSource, file: Digested, options: DigestOptions): SourceInput {
  const { record, path, content, link } = file
  const xattrs = [...readXattrs(source.root, record.path)]
  return {
    path: exactText(path === '' ? source.name : path),
    type: record.type,
    mode: record.type === 'symlink' ? 0 : modeOf(record, options),
    ...(options.owners ? { uid: record.uid, gid: record.gid } : {}),
    ...(xattrs.length === 0 ? {} : { xattrs: Object.fromEntries(xattrs.map(([name, value]) => [name, hex(value)])) }),
    content,
    ...(link === undefined ? {} : { link }),
  }
}

function modeOf({ mode, type }: FileRecord, options: DigestOptions): number {
  return options.mode === undefined ? mode : options.mode(mode, type === 'directory')
}

interface Reading {
  readonly root: Root
  readonly record: FileRecord
  readonly buffer: Buffer
  readonly signal?: AbortSignal
}

async function contentOf(reading: Reading): Promise<string> {
  const { root, record } = reading
  switch (record.type) {
    case 'file':
      return typeof root === 'string'
        ? digestFile({ ...reading, root })
        : digestOfContent(root.nodes.content(Number(record.ino)))
    case 'symlink':
      return exactText(readLink(root, record.path).toString('latin1') as RawPath)
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
async function digestFile({ root, record, buffer, signal }: Reading & { readonly root: string }): Promise<string> {
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
