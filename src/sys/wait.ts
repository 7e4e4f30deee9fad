import { bind, checked } from './libc.ts'

const waitidCall = bind<[what: number, id: number, info: Uint8Array, options: number]>(
  'int waitid(int idtype, uint32_t id, void *info, int options)',
)
const waitpidCall = bind<[pid: number, status: Uint8Array | null, options: number]>(
  'int waitpid(int pid, void *status, int options)',
)
const [any, noHang, exited, noReap] = [0, 1, 4, 0x01000000]

/** Bytes of a siginfo_t, and where its process id stands on 64-bit Linux. */
const [infoSize, pidOffset] = [128, 16]

/**
 * Buries dead children that were not born here: as the first process of a PID namespace this process inherits them. Stops
 * at `own`, whose end Node itself waits for.
 */
export function reapOrphans(own: number | undefined): void {
  for (;;) {
    const info = new Uint8Array(infoSize)
    if (waitidCall(any, 0, info, exited | noHang | noReap) < 0) return
    const pid = new Int32Array(info.buffer, pidOffset, 1)[0]
    if (pid === undefined || pid === 0 || pid === own) return
    checked('waitpid', waitpidCall(pid, null, noHang), `process ${pid}`)
  }
}
