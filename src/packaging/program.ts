import { messageOf } from '../errors.ts'
import { type ElfFile, parseElf } from './elf.ts'
import { type Machine, machineOf } from './machine.ts'
import { refused } from './refused.ts'

/** A program or library, in memory. */
export interface Program {
  /** Where it was read from, for messages. */
  readonly path: string
  readonly bytes: Buffer
  readonly elf: ElfFile
}

/** Throws when the bytes are no program. */
export function readProgram(path: string, bytes: Buffer): Program {
  const elf = readHeaders(path, bytes)
  if (elf !== undefined) return { path, bytes, elf }
  throw refused({
    message: 'This is no 64-bit program',
    where: path,
    fix: 'Look where the file comes from; it may be a link to nothing, a script or an unfinished download.',
  })
}

function readHeaders(path: string, bytes: Buffer): ElfFile | undefined {
  try {
    return parseElf(bytes)
  } catch (error) {
    throw refused({
      message: 'The headers of this program make no sense',
      where: path,
      why: messageOf(error),
      fix: 'Install it again.',
    })
  }
}

/** The machine the image is for: the one its Node runs on. */
export function machineOfNode({ path, elf }: Program): Machine {
  const machine = machineOf(elf.machine)
  if (machine !== undefined) return machine
  throw refused({
    message: `This Node is for machines of the kind ${elf.machine}`,
    where: path,
    why: 'images can be made for amd64 (62) and arm64 (183)',
    fix: 'Build for one of these platforms.',
  })
}

/** Throws unless the program runs on the machine. */
export function checkMachine({ path, elf }: Program, machine: Machine): void {
  if (elf.machine === machine.elf) return
  throw refused({
    message: `This file is for another machine than the image, which is for ${machine.architecture}`,
    where: path,
    why: `its header says ${elf.machine}, not ${machine.elf}`,
    fix: 'Take all pieces from images and packages of one platform.',
  })
}

/** Throws unless the program needs no loader, and so no library. */
export function checkStatic({ path, elf }: Program): void {
  if (elf.interpreter === undefined && elf.needed.length === 0) return
  throw refused({
    message: 'This program needs libraries',
    where: path,
    why: 'it has to run in the image, where only the libraries of Node are',
    fix: 'Install the package busybox-static.',
  })
}
