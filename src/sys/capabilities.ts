import { bind, checked, errno, SystemError } from './libc.ts'
import { prctl } from './prctl.ts'

const capgetCall = bind<[header: Uint8Array, data: Uint8Array]>('int capget(void *header, void *data)')
const capsetCall = bind<[header: Uint8Array, data: Uint8Array]>('int capset(void *header, const void *data)')

/** Numbers of the capabilities, from linux/capability.h. */
const numberOf = {
  chown: 0,
  dac_override: 1,
  fowner: 3,
  fsetid: 4,
  kill: 5,
  setgid: 6,
  setuid: 7,
  setpcap: 8,
  net_bind_service: 10,
  net_raw: 13,
  sys_chroot: 18,
  mknod: 27,
  audit_write: 29,
  setfcap: 31,
} as const

export type Capability = keyof typeof numberOf

const [dropFromBounding, invalid] = [24, 22]
const currentVersion = 0x20080522

/**
 * Programs that the calling thread starts from now on get none but these capabilities, whatever their user or file says.
 * The thread itself keeps what it has.
 */
export function limitCapabilities(kept: readonly Capability[]): void {
  const numbers = new Set<number>(kept.map((name) => numberOf[name]))
  clearInheritable()
  for (let number = 0; number < 64; number += 1) {
    if (numbers.has(number)) continue
    if (prctl(dropFromBounding, number) === 0) continue
    // The kernel knows no capability of this number or above.
    if (errno() === invalid) return
    throw new SystemError('prctl', errno(), `dropping capability ${number}`)
  }
}

/** Inheritable capabilities would get past the bounding set into programs whose file asks for them. */
function clearInheritable(): void {
  const header = new Uint32Array([currentVersion, 0])
  // Two blocks of effective, permitted and inheritable, 32 capabilities each.
  const data = new Uint32Array(6)
  checked('capget', capgetCall(bytesOf(header), bytesOf(data)))
  data[2] = 0
  data[5] = 0
  checked('capset', capsetCall(bytesOf(header), bytesOf(data)))
}

function bytesOf(words: Uint32Array): Uint8Array {
  return new Uint8Array(words.buffer)
}
