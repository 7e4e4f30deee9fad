import { HearthError } from '../errors.ts'
import type { TarEntry } from './entry.ts'
import { blockSize, checksumOf } from './header.ts'
import { paxTime, splitTime } from './numbers.ts'
import { writePax, xattrPrefix } from './pax.ts'
import { paddingOf } from './piece.ts'
import { baseName, type RawPath, showPath } from './raw-path.ts'

const flags: Readonly<Record<TarEntry['type'], string>> = {
  file: '0',
  hardlink: '1',
  symlink: '2',
  character: '3',
  block: '4',
  directory: '5',
  fifo: '6',
}

const maxId = 0o7777777
const maxLong = 0o77777777777

/** All header blocks of an entry: one in the ustar form, after PAX records for what that one cannot say. */
export function headerOf(entry: TarEntry): Buffer {
  const records = new Map<string, Uint8Array>()
  const block = Buffer.alloc(blockSize)
  putNames(block, entry, records)
  putNumber(block, 100, 8, entry.mode)
  putLimited(block, { start: 108, length: 8, most: maxId, key: 'uid', value: entry.uid, records })
  putLimited(block, { start: 116, length: 8, most: maxId, key: 'gid', value: entry.gid, records })
  const size = entry.type === 'file' ? entry.size : 0
  putLimited(block, { start: 124, length: 12, most: maxLong, key: 'size', value: size, records })
  putTime(block, entry.mtimeNs, records)
  if (entry.type === 'character' || entry.type === 'block') {
    putNumber(block, 329, 8, entry.major)
    putNumber(block, 337, 8, entry.minor)
  }
  for (const name of [...entry.xattrs.keys()].sort())
    records.set(xattrKey(entry.path, name), entry.xattrs.get(name) ?? none)
  seal(block, flags[entry.type])
  return records.size === 0 ? block : Buffer.concat([paxHeader(entry.path, records), block])
}

const none = new Uint8Array()

function putNames(block: Buffer, entry: TarEntry, records: Map<string, Uint8Array>): void {
  const name = entry.type === 'directory' ? directoryName(entry.path) : entry.path
  if (name === '') throw new TypeError('only a directory can be the root of an archive')
  const split = isAscii(name) ? splitName(name) : undefined
  if (split === undefined) {
    records.set('path', Buffer.from(name, 'latin1'))
    block.write(asciiOf(name).slice(0, 100), 0, 'latin1')
  } else {
    block.write(split.name, 0, 'latin1')
    block.write(split.prefix, 345, 'latin1')
  }
  if (entry.type !== 'symlink' && entry.type !== 'hardlink') return
  const target = entry.type === 'symlink' ? Buffer.from(entry.target).toString('latin1') : entry.target
  const fits = target.length <= 100 && isAscii(target)
  if (!fits) records.set('linkpath', Buffer.from(target, 'latin1'))
  block.write(fits ? target : asciiOf(target).slice(0, 100), 157, 'latin1')
}

function directoryName(path: RawPath): string {
  return path === '' ? './' : `${path}/`
}

/** Splits a name at a slash so that both parts fit their fields; undefined when no slash will do. */
function splitName(name: string): { readonly prefix: string; readonly name: string } | undefined {
  if (name.length <= 100) return { prefix: '', name }
  // The last character is left out: a directory's own slash belongs to the name.
  const at = name.slice(0, 156).lastIndexOf('/', name.length - 2)
  if (at <= 0 || name.length - at - 1 > 100) return undefined
  return { prefix: name.slice(0, at), name: name.slice(at + 1) }
}

function isAscii(text: string): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the range is that of ASCII
  return /^[\x01-\x7f]*$/.test(text)
}

function asciiOf(text: string): string {
  return text.replace(/[^ -~]/g, '_')
}

interface Limited {
  readonly start: number
  readonly length: number
  readonly most: number
  readonly key: string
  readonly value: number
  readonly records: Map<string, Uint8Array>
}

/** A number that becomes a record when its field is too short for it. */
function putLimited(block: Buffer, { start, length, most, key, value, records }: Limited): void {
  if (value > most) records.set(key, Buffer.from(String(value)))
  putNumber(block, start, length, value > most ? 0 : value)
}

/** Only what ustar cannot say, a fraction or a time before 1970, becomes a record. */
function putTime(block: Buffer, mtimeNs: bigint, records: Map<string, Uint8Array>): void {
  const { seconds, nanoseconds } = splitTime(mtimeNs)
  const fits = seconds >= 0n && seconds <= BigInt(maxLong)
  if (!fits || nanoseconds !== 0n) records.set('mtime', Buffer.from(paxTime(mtimeNs)))
  putNumber(block, 136, 12, fits ? Number(seconds) : 0)
}

function putNumber(block: Buffer, start: number, length: number, value: number): void {
  block.write(value.toString(8).padStart(length - 1, '0'), start, 'latin1')
}

function xattrKey(path: RawPath, name: string): string {
  if (name !== '' && !name.includes('=')) return `${xattrPrefix}${name}`
  throw new HearthError({
    code: 'layer-invalid',
    message: `The extended attribute "${name}" of ${showPath(path)} cannot be part of a layer`,
    why: 'a tar archive cannot hold an attribute with "=" in its name',
    fix: 'Remove the attribute with setfattr -x.',
  })
}

function paxHeader(path: RawPath, records: ReadonlyMap<string, Uint8Array>): Buffer {
  const body = writePax(records)
  const block = Buffer.alloc(blockSize)
  block.write(`PaxHeaders/${asciiOf(baseName(path))}`.slice(0, 100), 0, 'latin1')
  putNumber(block, 100, 8, 0o644)
  putNumber(block, 108, 8, 0)
  putNumber(block, 116, 8, 0)
  putNumber(block, 124, 12, body.byteLength)
  putNumber(block, 136, 12, 0)
  seal(block, 'x')
  return Buffer.concat([block, body, Buffer.alloc(paddingOf(body.byteLength))])
}

/** Puts in what every header has, and its checksum. */
function seal(block: Buffer, flag: string): void {
  block.write(flag, 156, 'latin1')
  block.write('ustar\x0000', 257, 'latin1')
  if (block[329] === 0) {
    putNumber(block, 329, 8, 0)
    putNumber(block, 337, 8, 0)
  }
  block.write(`${checksumOf(block, 0).toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
}
