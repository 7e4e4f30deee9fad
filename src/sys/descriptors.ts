import { readdirSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import { bind, checked } from './libc.ts'

const fcntlCall = bind<[descriptor: number, command: number, value: number]>('int fcntl(int fd, int cmd, int value)')
const [setFlags, closeOnExec] = [2, 1]

/** Keeps every open descriptor from `first` up out of the programs that this process starts. */
export function closeDescriptorsOnExec(first: number): void {
  for (const name of readdirSync('/proc/self/fd')) {
    const descriptor = Number(name)
    if (descriptor >= first) closeOnExecIfOpen(descriptor)
  }
}

/** The descriptor that a directory was read through is among its entries, and closed by now. */
function closeOnExecIfOpen(descriptor: number): void {
  try {
    checked('fcntl', fcntlCall(descriptor, setFlags, closeOnExec), `descriptor ${descriptor}`)
  } catch (error) {
    if (systemCode(error) !== 'EBADF') throw error
  }
}
