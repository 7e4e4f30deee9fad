import { readSync, writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { channel, type LaunchOrder, type LaunchReport } from './launch-order.ts'

/** Waits for the executor's order. Ends the process when the executor is gone. */
export function readOrder(): LaunchOrder {
  const chunks: Buffer[] = []
  for (;;) {
    const chunk = Buffer.alloc(1 << 16)
    const length = readSync(channel, chunk)
    if (length === 0) leave()
    chunks.push(chunk.subarray(0, length))
    if (chunk[length - 1] === 0x0a) return JSON.parse(Buffer.concat(chunks).toString())
  }
}

/** Answers the executor, and ends the process. */
export function report(answer: LaunchReport): never {
  writeSync(channel, `${JSON.stringify(answer)}\n`)
  return leave()
}

/** Has `work` called when the executor hangs up or is gone. */
export function onHangUp(work: () => void): void {
  new Socket({ fd: channel }).on('error', work).on('close', work).resume()
}

/** Ends the process. */
export function leave(): never {
  return process.exit(0)
}
