import { systemCode } from '../errors.ts'
import { bind, checked, cPath } from './libc.ts'
import { mount } from './mounts.ts'

const setattrCall = bind<
  [number: number, directory: number, path: Uint8Array, flags: number, attributes: Uint8Array, size: number]
>('long syscall(long number, int dirfd, const void *path, unsigned int flags, void *attributes, size_t size)')

/** Of the system call mount_setattr, which C libraries have only since 2022. The same on every machine. */
const setattrNumber = 442
const [currentDirectory, recursively] = [-100, 0x8000]

const attributeOf = { readOnly: 0x1, noSuid: 0x2, noDev: 0x4, noExec: 0x8 } as const

export type MountAttribute = keyof typeof attributeOf

/**
 * Adds attributes to a mount and, if asked, to all below it. Those it has already stay, which a user namespace insists
 * on. Kernels before 5.12 know no adding: there the mount itself gets these attributes and no others.
 */
export function restrictMount(
  path: string,
  added: readonly MountAttribute[],
  options: { readonly recursive?: boolean } = {},
): void {
  const bits = added.reduce((all, name) => all | BigInt(attributeOf[name]), 0n)
  // Attributes to set, to clear, the propagation, and a user namespace.
  const attributes = new Uint8Array(new BigUint64Array([bits, 0n, 0n, 0n]).buffer)
  const flags = options.recursive === true ? recursively : 0
  const { byteLength } = attributes
  try {
    checked(
      'mount_setattr',
      setattrCall(setattrNumber, currentDirectory, cPath(path), flags, attributes, byteLength),
      path,
    )
  } catch (error) {
    if (systemCode(error) !== 'ENOSYS') throw error
    mount({ source: 'none', target: path, flags: ['bind', 'remount', ...added] })
  }
}
