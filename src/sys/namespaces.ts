import { closeSync, openSync } from 'node:fs'
import { bind, checked, cPath } from './libc.ts'

const unshareCall = bind<[flags: number]>('int unshare(int flags)')
const setnsCall = bind<[descriptor: number, kind: number]>('int setns(int fd, int nstype)')
const sethostnameCall = bind<[name: Uint8Array, length: number]>('int sethostname(const void *name, size_t len)')

const ioctlCall = bind<[descriptor: number, request: number, argument: number]>(
  'int ioctl(int fd, unsigned long request, unsigned long argument)',
)

/** Asks a descriptor of a namespace for one of the user namespace that the namespace belongs to. */
const askForOwner = 0xb701

const flagOf = {
  mount: 0x00020000,
  cgroup: 0x02000000,
  uts: 0x04000000,
  ipc: 0x08000000,
  pid: 0x20000000,
  network: 0x40000000,
} as const

/** A resource of the kernel of which a process can have its own view. */
export type NamespaceKind = keyof typeof flagOf

/**
 * Gives the calling thread new namespaces of these kinds, with a root and working directory of its own where mounts are
 * among them. Other threads, and with them asynchronous fs calls, stay where they are.
 */
export function unshare(kinds: readonly NamespaceKind[]): void {
  const flags = kinds.reduce((all, kind) => all | flagOf[kind], 0)
  checked('unshare', unshareCall(flags), `${kinds.join(', ')} namespace`)
}

/**
 * Whether the processes of this one's PID namespace are somebody else's: it belongs to a user namespace outside of this
 * process's own. There `inNewPidNamespace` could not come back.
 */
export function hasForeignProcesses(): boolean {
  const own = openSync('/proc/self/ns/pid', 'r')
  try {
    const owner = ioctlCall(own, askForOwner, 0)
    if (owner < 0) return true
    closeSync(owner)
    return false
  } finally {
    closeSync(own)
  }
}

/**
 * Calls `work`, whose first child process becomes the first of a new PID namespace: when that process ends, the kernel
 * kills all others in there. `work` must start it before it returns, and must not start a thread.
 */
export function inNewPidNamespace<T>(work: () => T): T {
  const own = openSync('/proc/thread-self/ns/pid', 'r')
  try {
    unshare(['pid'])
    try {
      return work()
    } finally {
      checked('setns', setnsCall(own, flagOf.pid), 'the PID namespace of before')
    }
  } finally {
    closeSync(own)
  }
}

/** Names the machine, as far as the UTS namespace reaches. */
export function setHostname(name: string): void {
  const bytes = cPath(name)
  checked('sethostname', sethostnameCall(bytes, bytes.byteLength - 1), name)
}
