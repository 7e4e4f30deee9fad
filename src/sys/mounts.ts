import { bind, checked, cPath } from './libc.ts'

const mountCall = bind<
  [source: Uint8Array, target: Uint8Array, type: Uint8Array | null, flags: number, data: Uint8Array | null]
>('int mount(const void *source, const void *target, const void *type, unsigned long flags, const void *data)')
const umountCall = bind<[target: Uint8Array, flags: number]>('int umount2(const void *target, int flags)')
const pivotCall = bind<[next: Uint8Array, previous: Uint8Array]>('int pivot_root(const void *next, const void *old)')
const chrootCall = bind<[path: Uint8Array]>('int chroot(const void *path)')

const flagOf = {
  readOnly: 0x1,
  noSuid: 0x2,
  noDev: 0x4,
  noExec: 0x8,
  remount: 0x20,
  bind: 0x1000,
  move: 0x2000,
  recursive: 0x4000,
  private: 0x40000,
  slave: 0x80000,
} as const

export type MountFlag = keyof typeof flagOf

/** A filesystem to mount, or with the flags "bind", "move" or "remount" a mount to make from another. */
export interface Mount {
  /** What is mounted; for filesystems without a device any name. */
  readonly source: string
  /** An existing path; symlinks in it are followed. */
  readonly target: string
  /** The filesystem's type: "tmpfs". */
  readonly type?: string
  readonly flags?: readonly MountFlag[]
  /** The filesystem's own options: "mode=755". */
  readonly data?: string
}

/** Mounts in the calling thread's mount namespace. */
export function mount({ source, target, type, flags = [], data }: Mount): void {
  const bits = flags.reduce((all, flag) => all | flagOf[flag], 0)
  const optional = (text: string | undefined): Uint8Array | null => (text === undefined ? null : cPath(text))
  const result = mountCall(cPath(source), cPath(target), optional(type), bits, optional(data))
  checked('mount', result, type === undefined ? target : `${type} on ${target}`)
}

/** Binds a file or directory to a second place. A bind takes its flags only when it is mounted once more. */
export function bindMount(source: string, target: string, flags: readonly MountFlag[] = []): void {
  mount({ source, target, flags: ['bind'] })
  if (flags.length > 0) mount({ source: 'none', target, flags: ['bind', 'remount', ...flags] })
}

export function unmount(target: string, options: { readonly detach?: boolean } = {}): void {
  checked('umount', umountCall(cPath(target), options.detach === true ? 2 : 0), target)
}

/** Makes one mount the root of the calling thread's mount namespace; the old root is then mounted on `previous`. */
export function pivotRoot(next: string, previous: string): void {
  checked('pivot_root', pivotCall(cPath(next), cPath(previous)), next)
}

/** Makes a directory the calling thread's root; on its own no wall for a privileged process. */
export function changeRoot(path: string): void {
  checked('chroot', chrootCall(cPath(path)), path)
}
