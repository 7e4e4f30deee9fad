import { parseElf } from './elf.ts'
import type { Machine } from './machine.ts'

/** Whether an addon for Node is of any use in the image. Others come along in the packages: other machines, musl, macOS. */
export function isAddonFor(machine: Machine, bytes: Buffer): boolean {
  const elf = parseElf(bytes)
  return elf !== undefined && elf.machine === machine.elf && !elf.needed.some((name) => name.startsWith('libc.musl-'))
}
