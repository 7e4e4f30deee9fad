import { bind, checked, cPath } from './libc.ts'

const utimensat = bind<[directory: number, path: Uint8Array, times: Uint8Array, flags: number]>(
  'int utimensat(int directory, const void *path, const void *times, int flags)',
)
const futimens = bind<[descriptor: number, times: Uint8Array]>('int futimens(int descriptor, const void *times)')

const currentDirectory = -100
const noFollow = 0x100
const second = 1_000_000_000n

/**
 * Sets the time of last change of a path, exact to the nanosecond and before 1970, too, and the time of last access with
 * it. Of a symlink it is the link's own. The filesystem moves a time it cannot keep to the nearest one. Throws SystemError.
 */
export function setTimes(path: Uint8Array, mtimeNs: bigint): void {
  const result = utimensat(currentDirectory, cPath(path), timesOf(mtimeNs), noFollow)
  checked('utimensat', result, Buffer.from(path).toString('utf8'))
}

/** The same for an open file. */
export function setTimesOf(descriptor: number, mtimeNs: bigint): void {
  checked('futimens', futimens(descriptor, timesOf(mtimeNs)))
}

/** Two times of C: seconds rounded down, and the nanoseconds above them. */
function timesOf(ns: bigint): Buffer {
  const rest = ((ns % second) + second) % second
  const seconds = BigInt.asIntN(64, (ns - rest) / second)
  const times = Buffer.allocUnsafe(32)
  for (const at of [0, 16]) {
    times.writeBigInt64LE(seconds, at)
    times.writeBigInt64LE(rest, at + 8)
  }
  return times
}
