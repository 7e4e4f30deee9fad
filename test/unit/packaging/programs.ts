import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { type Machine, machineOf } from '../../../src/packaging/machine.ts'
import { type Program, readProgram } from '../../../src/packaging/program.ts'
import { run } from '../../support/command.ts'

/** The machine that runs the tests. */
export function ownMachine(): Machine {
  const machine = machineOf(process.arch === 'arm64' ? 183 : 62)
  if (machine === undefined) throw new Error('the tests run on amd64 and arm64')
  return machine
}

/** Where Debian has the libraries of this machine. */
export const libraryDirectory = join('/usr/lib', ownMachine().triple)

export interface Source {
  /** C; a library with one function when it is left out. */
  readonly code?: string
  readonly flags?: readonly string[]
}

/** Compiles C into `directory`/`name`. */
export async function compile(directory: string, name: string, source: Source = {}): Promise<Program> {
  const { code = 'int f(void) { return 1; }', flags = [] } = source
  const shared = name.includes('.so') ? ['-shared', '-fPIC', `-Wl,-soname,${name}`] : []
  const path = join(directory, name)
  await run('gcc', ['-x', 'c', '-', '-x', 'none', ...shared, ...flags, '-o', path], { input: code })
  return load(path)
}

/** Reads a program. */
export function load(path: string): Program {
  return readProgram(path, readFileSync(path))
}

/** What a refusal must look like: the code, the file and words of its message. */
export function refusal(where: string | RegExp, message: RegExp): object {
  return { name: 'HearthError', code: 'integrity', where, message }
}
