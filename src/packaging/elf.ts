/** What the dynamic loader would do with a program or library. */
export interface ElfFile {
  readonly machine: number
  /** The loader it asks for, and where in the file the path stands with its padding. Libraries have none. */
  readonly interpreter: { readonly path: string; readonly offset: number; readonly size: number } | undefined
  /** Names of the libraries it needs. */
  readonly needed: readonly string[]
  /** The name others need it by. */
  readonly soname: string | undefined
  /** Directories it wants searched before all others. */
  readonly searchPath: readonly string[]
}

const segmentTypes = { load: 1, dynamic: 2, interpreter: 3 } as const
const tags = { end: 0n, needed: 1n, stringTable: 5n, soname: 14n, rpath: 15n, runpath: 29n } as const

interface Segment {
  readonly type: number
  readonly offset: number
  readonly address: bigint
  readonly size: number
}

/**
 * Reads the headers of a 64-bit little-endian ELF file; undefined when it is none. Throws RangeError when it is cut off.
 */
export function parseElf(bytes: Buffer): ElfFile | undefined {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46 || bytes[4] !== 2 || bytes[5] !== 1) return undefined
  const segments = readSegments(bytes)
  const interpreter = segments.find(({ type }) => type === segmentTypes.interpreter)
  return {
    machine: bytes.readUInt16LE(18),
    interpreter:
      interpreter === undefined ? undefined : { ...place(interpreter), path: text(bytes, interpreter.offset) },
    ...readDynamic(bytes, segments),
  }
}

function readSegments(bytes: Buffer): readonly Segment[] {
  const [start, size, count] = [Number(bytes.readBigUInt64LE(32)), bytes.readUInt16LE(54), bytes.readUInt16LE(56)]
  return Array.from({ length: count }, (_, index) => {
    const at = start + index * size
    return {
      type: bytes.readUInt32LE(at),
      offset: Number(bytes.readBigUInt64LE(at + 8)),
      address: bytes.readBigUInt64LE(at + 16),
      size: Number(bytes.readBigUInt64LE(at + 32)),
    }
  })
}

function readDynamic(bytes: Buffer, segments: readonly Segment[]): Pick<ElfFile, 'needed' | 'soname' | 'searchPath'> {
  const entries = dynamicEntries(bytes, segments)
  const table = entries.find(({ tag }) => tag === tags.stringTable)
  const strings = (...wanted: readonly bigint[]): readonly string[] => {
    if (table === undefined) return []
    const start = fileOffset(segments, table.value)
    return entries.filter(({ tag }) => wanted.includes(tag)).map(({ value }) => text(bytes, start + Number(value)))
  }
  return {
    needed: strings(tags.needed),
    soname: strings(tags.soname)[0],
    searchPath: strings(tags.rpath, tags.runpath).flatMap((path) => path.split(':')),
  }
}

interface DynamicEntry {
  readonly tag: bigint
  readonly value: bigint
}

function dynamicEntries(bytes: Buffer, segments: readonly Segment[]): readonly DynamicEntry[] {
  const dynamic = segments.find(({ type }) => type === segmentTypes.dynamic)
  if (dynamic === undefined) return []
  const entries: DynamicEntry[] = []
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    const tag = bytes.readBigUInt64LE(at)
    if (tag === tags.end) break
    entries.push({ tag, value: bytes.readBigUInt64LE(at + 8) })
  }
  return entries
}

/** Where in the file stands what is loaded at an address. */
function fileOffset(segments: readonly Segment[], address: bigint): number {
  const holds = ({ type, address: start, size }: Segment): boolean =>
    type === segmentTypes.load && address >= start && address < start + BigInt(size)
  const segment = segments.find(holds)
  if (segment === undefined) throw new RangeError(`no part of the file is loaded at 0x${address.toString(16)}`)
  return segment.offset + Number(address - segment.address)
}

function place({ offset, size }: Segment): { readonly offset: number; readonly size: number } {
  return { offset, size }
}

function text(bytes: Buffer, start: number): string {
  const end = bytes.indexOf(0, start)
  if (end < 0 || start > bytes.length) throw new RangeError(`the text at ${start} has no end`)
  return bytes.toString('latin1', start, end)
}
