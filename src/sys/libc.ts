import { createRequire } from 'node:module'
import { HearthError, messageOf } from '../errors.ts'

/** A failed system call, in the shape of Node's own: `code` is "ENOENT" and so on. */
export class SystemError extends Error {
  readonly code: string
  readonly errno: number
  readonly syscall: string

  constructor(syscall: string, errno: number, about?: string) {
    const code = codeOf(errno)
    super(`${code}: ${syscall} failed${about === undefined ? '' : ` for ${about}`}`)
    this.name = 'SystemError'
    this.code = code
    this.errno = errno
    this.syscall = syscall
  }
}

/** What C's functions take and give; 64-bit results are bigints where a number cannot hold them. */
export type NativeValue = number | bigint | string | Uint8Array | null

/**
 * A function of the C library, given by its C prototype: `bind<[path: Uint8Array], number>('int rmdir(const void *path)')`.
 * Pointers are `void *` and take byte arrays, which C may write to; paths end in a NUL byte (see `cPath`). The library is
 * loaded at the first call. A prototype that is wrong crashes the process, so each is written next to a test.
 */
export function bind<Arguments extends readonly NativeValue[], Result extends NativeValue = number>(
  prototype: string,
): (...args: Arguments) => Result {
  const bound = once(() => native().library.func(prototype) as (...args: Arguments) => Result)
  return (...args) => bound()(...args)
}

/**
 * The same for a function that takes long and gives a number: it runs on another thread, where its error number stays. It
 * must take no pointers.
 */
export function bindAsync<Arguments extends readonly number[]>(
  prototype: string,
): (...args: Arguments) => Promise<number> {
  const bound = once(() => native().library.func(prototype))
  return (...args) => {
    return new Promise((resolve, reject) => {
      bound().async(...args, (error: unknown, result: number) => (error ? reject(error) : resolve(result)))
    })
  }
}

/** Result of a call that failed when it is negative; throws the error the library left then. */
export function checked(syscall: string, result: number, about?: string): number {
  if (result >= 0) return result
  throw new SystemError(syscall, errno(), about)
}

/** The error number of this thread's last call. Ask at once: any call in between may change it. */
export function errno(): number {
  return native().koffi.errno()
}

/** A path or name as C takes it: its bytes and a NUL. What holds a NUL itself is refused, as C would cut it there. */
export function cPath(path: string | Uint8Array): Buffer {
  const bytes = typeof path === 'string' ? Buffer.from(path, 'utf8') : path
  if (bytes.includes(0)) throw new TypeError('a path cannot hold a NUL byte')
  const terminated = Buffer.alloc(bytes.byteLength + 1)
  terminated.set(bytes)
  return terminated
}

function codeOf(errno: number): string {
  const found = Object.entries(native().koffi.os.errno).find(([, value]) => value === errno)
  return found?.[0] ?? `E${errno}`
}

type Koffi = typeof import('koffi')

const native = once(() => {
  try {
    const koffi: Koffi = createRequire(import.meta.url)('koffi')
    // The process itself is linked against the C library.
    return { koffi, library: koffi.load(null) }
  } catch (cause) {
    throw new HearthError({
      code: 'internal',
      message: 'The native part of hearth cannot be loaded',
      why: messageOf(cause),
      fix: 'Install again on this kind of machine; Linux with glibc or musl on x64 or arm64 is supported.',
      cause,
    })
  }
})

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
