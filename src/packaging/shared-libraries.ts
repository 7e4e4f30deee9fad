import type { Machine } from './machine.ts'
import { checkMachine, type Program } from './program.ts'
import { refused } from './refused.ts'

/** A library with the name it is needed by. */
export interface SharedLibrary extends Program {
  readonly soname: string
}

/** Finds a library by its name; undefined when there is none. */
export type FindLibrary = (soname: string) => Program | undefined

/** All libraries that programs need, directly or through others, each once, by name. The loader is among them. */
export function librariesOf(
  programs: readonly Program[],
  machine: Machine,
  find: FindLibrary,
): readonly SharedLibrary[] {
  const found = new Map<string, SharedLibrary>()
  const open = [...programs]
  for (let program = open.pop(); program !== undefined; program = open.pop()) {
    checkSearchPath(program)
    for (const soname of program.elf.needed.filter((name) => !found.has(name))) {
      const library = find(soname) ?? missing(soname, program)
      checkMachine(library, machine)
      checkName(library, soname)
      found.set(soname, { ...library, soname })
      open.push(library)
    }
  }
  const byName = [...found.values()].sort((a, b) => (a.soname < b.soname ? -1 : 1))
  if (!found.has(machine.loader)) throw noLoader(machine)
  return byName
}

/** A path built into a file would be searched in the image that is being built. */
function checkSearchPath({ path, elf }: Program): void {
  if (elf.searchPath.length === 0) return
  throw refused({
    message: `This file wants ${elf.searchPath.join(':')} searched for libraries`,
    where: path,
    why: 'only the directory of the image itself may be searched',
    fix: 'Use a build of it without RPATH and RUNPATH.',
  })
}

function checkName({ path, elf }: Program, soname: string): void {
  if (elf.soname === soname) return
  throw refused({
    message: `This library calls itself ${elf.soname ?? '(nothing)'}, not ${soname}`,
    where: path,
    fix: 'Install the package it belongs to again.',
  })
}

function missing(soname: string, { path }: Program): never {
  throw refused({
    message: `${soname} is not there`,
    where: path,
    why: 'this file needs it, and the image must hold everything its files need',
    fix: 'Install the Debian package that has the library, in the stage the libraries are taken from.',
  })
}

function noLoader(machine: Machine): Error {
  return refused({
    message: `Nothing needs ${machine.loader}`,
    where: machine.loader,
    why: 'the loader is adapted together with the libraries that name it',
    fix: 'Use the Node that package-lock.json names, which is linked with glibc.',
  })
}
