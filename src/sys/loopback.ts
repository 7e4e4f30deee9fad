import { closeSync } from 'node:fs'
import { bind, checked } from './libc.ts'

const socketCall = bind<[domain: number, type: number, protocol: number]>(
  'int socket(int domain, int type, int protocol)',
)
const ioctlCall = bind<[descriptor: number, request: number, argument: Uint8Array]>(
  'int ioctl(int fd, unsigned long request, void *argument)',
)

const [internet, datagram, closeOnExec] = [2, 2, 0o2000000]
const setFlags = 0x8914
const up = 0x1

/** Makes 127.0.0.1 reachable in the calling thread's network namespace, in which everything is down at first. */
export function startLoopback(): void {
  const socket = checked('socket', socketCall(internet, datagram | closeOnExec, 0))
  try {
    // A `struct ifreq`: 16 bytes of name, then the flags.
    const request = Buffer.alloc(40)
    request.write('lo')
    request.writeUInt16LE(up, 16)
    checked('ioctl', ioctlCall(socket, setFlags, request), 'lo')
  } finally {
    closeSync(socket)
  }
}
