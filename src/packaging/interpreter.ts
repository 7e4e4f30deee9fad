import type { Machine } from './machine.ts'
import { loaderPath } from './private-paths.ts'
import { type Program, readProgram } from './program.ts'
import { refused } from './refused.ts'

/** A copy of a program that asks for the image's own loader. The path takes the place of the old one; nothing moves. */
export function withOwnLoader(program: Program, machine: Machine): Buffer {
  const { path: where, bytes } = program
  const { interpreter } = program.elf
  if (interpreter?.path !== machine.interpreter) {
    throw refused({
      message: `This program asks for the loader ${interpreter?.path ?? '(none)'}, not ${machine.interpreter}`,
      where,
      why: 'only the Node of nodejs.org for glibc is known to work with the libraries of the image',
      fix: 'Use the Node that package-lock.json names.',
    })
  }
  if (interpreter.size <= loaderPath.length) {
    throw refused({
      message: `${loaderPath} does not fit where ${interpreter.path} stands`,
      where,
      why: `there is room for ${interpreter.size - 1} characters`,
      fix: 'Use the Node that package-lock.json names.',
    })
  }
  const edited = Buffer.from(bytes)
  edited.fill(0, interpreter.offset, interpreter.offset + interpreter.size)
  edited.write(loaderPath, interpreter.offset, 'latin1')
  return edited
}

/** Throws unless a program, read again, asks for the image's own loader. */
export function checkOwnLoader(path: string, bytes: Buffer): void {
  const found = readProgram(path, bytes).elf.interpreter?.path
  if (found === loaderPath) return
  throw refused({
    message: `This program asks for the loader ${found ?? '(none)'}, not ${loaderPath}`,
    where: path,
    fix: 'Look for what else writes to this file.',
  })
}
