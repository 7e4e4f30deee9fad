import { bind, checked, cPath, errno, SystemError } from './libc.ts'

// Names are raw, as paths are: each character stands for one byte. No call follows a symlink at the end of a path.

const llistxattr = bind<[path: Uint8Array, list: Uint8Array, size: number]>(
  'int64 llistxattr(const void *path, void *list, size_t size)',
)
const lgetxattr = bind<[path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number]>(
  'int64 lgetxattr(const void *path, const void *name, void *value, size_t size)',
)
const lsetxattr = bind<[path: Uint8Array, name: Uint8Array, value: Uint8Array, size: number, flags: number]>(
  'int lsetxattr(const void *path, const void *name, const void *value, size_t size, int flags)',
)
const lremovexattr = bind<[path: Uint8Array, name: Uint8Array]>('int lremovexattr(const void *path, const void *name)')

/** The kernel's own limit for the list of names, and for one value. */
const mostBytes = 65_536

/** Names of a file's extended attributes, in the filesystem's order. Throws SystemError. */
export function listXattrs(path: Uint8Array): readonly string[] {
  const host = cPath(path)
  const list = read('llistxattr', host, (buffer) => llistxattr(host, buffer, buffer.byteLength))
  return list.byteLength === 0 ? [] : list.toString('latin1', 0, list.byteLength - 1).split('\0')
}

/** The value of an extended attribute. Throws SystemError, with code ENODATA when there is none of that name. */
export function getXattr(path: Uint8Array, name: string): Buffer {
  const [host, key] = [cPath(path), cName(name)]
  return read('lgetxattr', host, (buffer) => lgetxattr(host, key, buffer, buffer.byteLength))
}

/** Sets an extended attribute, new or not. Throws SystemError. */
export function setXattr(path: Uint8Array, name: string, value: Uint8Array): void {
  const host = cPath(path)
  checked('lsetxattr', lsetxattr(host, cName(name), value, value.byteLength, 0), shown(host))
}

/** Removes an extended attribute. Throws SystemError, with code ENODATA when there is none of that name. */
export function removeXattr(path: Uint8Array, name: string): void {
  const host = cPath(path)
  checked('lremovexattr', lremovexattr(host, cName(name)), shown(host))
}

/** Most lists and values are short; only one that is not needs the largest buffer there can be. */
function read(syscall: string, host: Buffer, call: (buffer: Buffer) => number): Buffer {
  const small = Buffer.allocUnsafe(512)
  const size = call(small)
  if (size >= 0) return small.subarray(0, size)
  const code = errno()
  if (code !== ERANGE) throw new SystemError(syscall, code, shown(host))
  const large = Buffer.allocUnsafeSlow(mostBytes)
  return large.subarray(0, checked(syscall, call(large), shown(host)))
}

const ERANGE = 34

function cName(name: string): Buffer {
  return cPath(Buffer.from(name, 'latin1'))
}

function shown(host: Buffer): string {
  return host.toString('utf8', 0, host.byteLength - 1)
}
