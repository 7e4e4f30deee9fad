/** A header of which any field can be anything; what is left out is that of a plain empty file. */
export interface RawHeader {
  readonly name?: string | Uint8Array
  readonly type?: string
  readonly link?: string | Uint8Array
  readonly mode?: number
  readonly uid?: number | Uint8Array
  readonly gid?: number | Uint8Array
  /** A number becomes octal digits; bytes and texts stand in the field as they are. */
  readonly size?: number | string | Uint8Array
  readonly mtime?: number | Uint8Array
  readonly major?: number
  readonly minor?: number
  readonly prefix?: string
  /** Seven bytes of magic and version; default that of POSIX. */
  readonly magic?: string
  readonly checksum?: string
}

/** One header block, made by hand so that no library corrects it. */
export function header(fields: RawHeader = {}): Buffer {
  const block = Buffer.alloc(512)
  put(block, 0, 100, fields.name ?? 'file')
  put(block, 100, 8, octal(fields.mode ?? 0o644, 7))
  put(block, 108, 8, numeric(fields.uid ?? 0, 7))
  put(block, 116, 8, numeric(fields.gid ?? 0, 7))
  put(block, 124, 12, numeric(fields.size ?? 0, 11))
  put(block, 136, 12, numeric(fields.mtime ?? 0, 11))
  put(block, 156, 1, fields.type ?? '0')
  put(block, 157, 100, fields.link ?? '')
  put(block, 257, 8, fields.magic ?? 'ustar\x0000')
  put(block, 329, 8, octal(fields.major ?? 0, 7))
  put(block, 337, 8, octal(fields.minor ?? 0, 7))
  put(block, 345, 155, fields.prefix ?? '')
  return sealed(block, fields.checksum)
}

/** Puts the right checksum, or a given one, into a block. */
export function sealed(block: Buffer, checksum?: string): Buffer {
  block.fill(' ', 148, 156)
  const sum = block.reduce((total, byte) => total + byte, 0)
  put(block, 148, 8, checksum ?? `${octal(sum, 6)}\0 `)
  return block
}

/** A header and its body, filled up to whole blocks. The header's size is the body's unless it says otherwise. */
export function member(fields: RawHeader, body: string | Uint8Array = ''): Buffer {
  const bytes = Buffer.from(body)
  return Buffer.concat([header({ size: bytes.byteLength, ...fields }), padded(bytes)])
}

export function padded(bytes: Uint8Array): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((512 - (bytes.byteLength % 512)) % 512)])
}

/** An extended header of PAX records; a record given as bytes or text stands there as it is. */
export function pax(records: Readonly<Record<string, string | Uint8Array>> | string, type = 'x'): Buffer {
  const body =
    typeof records === 'string' ? records : Buffer.concat(Object.entries(records).map(([k, v]) => record(k, v)))
  return member({ name: 'PaxHeaders/x', type }, body)
}

/** One PAX record with its right length. */
export function record(key: string, value: string | Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(` ${key}=`), Buffer.from(value), Buffer.from('\n')])
  let length = body.byteLength + 1
  while (String(length).length + body.byteLength !== length) length += 1
  return Buffer.concat([Buffer.from(String(length)), body])
}

/** A long name in the way of GNU tar: "L" for the name, "K" for the target of a link. */
export function long(type: 'L' | 'K', text: string | Uint8Array): Buffer {
  return member(
    { name: '././@LongLink', type, magic: 'ustar  \0' },
    Buffer.concat([Buffer.from(text), Buffer.alloc(1)]),
  )
}

/** Two blocks of zeros. */
export const end = Buffer.alloc(1024)

export function tarOf(...parts: readonly Uint8Array[]): Buffer {
  return Buffer.concat([...parts, end])
}

/** A number in base 256, as fields hold it that octal digits do not fit. */
export function base256(value: bigint, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let rest = BigInt.asUintN(length * 8, value)
  for (let i = length - 1; i >= 0; i -= 1) {
    bytes[i] = Number(rest & 0xffn)
    rest >>= 8n
  }
  bytes[0] = (bytes[0] ?? 0) | 0x80
  return bytes
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, '0')
}

function numeric(value: number | string | Uint8Array, digits: number): string | Uint8Array {
  return typeof value === 'number' ? octal(value, digits) : value
}

function put(block: Buffer, at: number, length: number, value: string | Uint8Array): void {
  const bytes = typeof value === 'string' ? Buffer.from(value, 'latin1') : Buffer.from(value)
  if (bytes.byteLength > length) throw new RangeError(`${bytes.byteLength} bytes do not fit in ${length}`)
  block.set(bytes, at)
}
