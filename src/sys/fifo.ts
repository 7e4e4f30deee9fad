import { closeSync, constants, openSync } from 'node:fs'
import type { Pipe } from './pipe.ts'

/** Both ends of a named pipe; neither outlives an exec. Others can open it by its name as well. */
export function openFifo(path: Uint8Array): Pipe {
  const fifo = Buffer.from(path)
  // The first end would wait for the second one.
  const readEnd = openSync(fifo, constants.O_RDONLY | constants.O_NONBLOCK)
  try {
    return { readEnd, writeEnd: openSync(fifo, constants.O_WRONLY) }
  } catch (error) {
    closeSync(readEnd)
    throw error
  }
}
