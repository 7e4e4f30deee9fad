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
  for (let pid = endedChild(); pid !== undefined && pid !== 0 && pid !== own; pid = endedChild()) bury(pid)
}

/** Does that whenever a child ends, beginning with those that have. */
export function keepReaping(own: number | undefined): void {
  const reap = (): void => reapOrphans(own)
  process.on('SIGCHLD', reap)
  reap()
}

/**
 * Buries every child that has ended, those of Node itself included, which then never learns of it. Tells whether there
 * are others.
 */
export function reapChildren(): boolean {
  for (let pid = endedChild(); ; pid = endedChild()) {
    if (pid === undefined) return false
    if (pid === 0) return true
    bury(pid)
  }
}

/** A child that has ended and is not buried, 0 when none of them has, undefined when there is no child at all. */
function endedChild(): number | undefined {
  const info = new Uint8Array(infoSize)
  if (waitidCall(any, 0, info, exited | noHang | noReap) < 0) return undefined
  return new Int32Array(info.buffer, pidOffset, 1)[0]
}

function bury(pid: number): void {
  checked('waitpid', waitpidCall(pid, null, noHang), `process ${pid}`)
}
