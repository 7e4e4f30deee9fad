import { bind, checked } from './libc.ts'

const prctlCall = bind<[option: number, value: number, third: number, fourth: number, fifth: number]>(
  'int prctl(int option, unsigned long value, unsigned long third, unsigned long fourth, unsigned long fifth)',
)
const [dumpable, childSubreaper] = [4, 36]

/** Sets a switch of the calling thread or its process; negative on failure. */
export function prctl(option: number, value: number): number {
  return prctlCall(option, value, 0, 0, 0)
}

/** Closes this process's memory, environment and root (/proc/PID/...) to others, until it changes its user. */
export function hideFromPeers(): void {
  checked('prctl', prctl(dumpable, 0), 'the dumpable flag')
}

/** Makes this process the parent of those among its descendants whose parent ends, as the first process always is. */
export function adoptOrphans(adopt: boolean): void {
  checked('prctl', prctl(childSubreaper, adopt ? 1 : 0), 'the subreaper flag')
}
