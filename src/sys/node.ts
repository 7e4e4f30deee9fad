import { bind, checked, cPath } from './libc.ts'

const mknod = bind<[path: Uint8Array, mode: number, device: number | bigint]>(
  'int mknod(const void *path, uint32_t mode, uint64_t device)',
)

const typeBits = { character: 0o020000, block: 0o060000, fifo: 0o010000 } as const

export interface NodeShape {
  readonly type: keyof typeof typeBits
  /** Permission bits, which the umask may reduce. */
  readonly mode: number
  readonly major: number
  readonly minor: number
}

/** Makes a device or a named pipe where nothing is yet; a pipe has no numbers. Throws SystemError. */
export function makeNode(path: Uint8Array, { type, mode, major, minor }: NodeShape): void {
  const device = type === 'fifo' ? 0n : deviceNumber(BigInt(major), BigInt(minor))
  const result = mknod(cPath(path), typeBits[type] | (mode & 0o7777), device)
  checked('mknod', result, Buffer.from(path).toString('utf8'))
}

/** The C library spreads the two numbers over 64 bits. */
function deviceNumber(major: bigint, minor: bigint): bigint {
  return ((major & ~0xfffn) << 32n) | ((major & 0xfffn) << 8n) | ((minor & ~0xffn) << 12n) | (minor & 0xffn)
}
