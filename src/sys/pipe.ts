import { bind, checked } from './libc.ts'

const pipeCall = bind<[ends: Uint8Array, flags: number]>('int pipe2(void *ends, int flags)')
const closeOnExec = 0x80000

/** The descriptors of a pipe; neither outlives an exec. */
export interface Pipe {
  readonly readEnd: number
  readonly writeEnd: number
}

/**
 * A pipe. Node's own "pipe" is a pair of sockets, which a child cannot open again: `echo > /dev/stderr` would fail there.
 */
export function openPipe(): Pipe {
  const ends = new Int32Array(2)
  checked('pipe2', pipeCall(new Uint8Array(ends.buffer), closeOnExec))
  return { readEnd: ends[0] as number, writeEnd: ends[1] as number }
}
