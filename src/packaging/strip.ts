import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { type Program, readProgram } from './program.ts'
import { refused } from './refused.ts'

/** A program without the names only a debugger reads; those that addons are linked by stay. `command` is binutils' strip. */
export function stripped(program: Program, command: string, scratch: string): Program {
  const directory = mkdtempSync(join(scratch, 'strip-'))
  const copy = join(directory, 'program')
  try {
    writeFileSync(copy, program.bytes)
    execFileSync(command, ['--strip-unneeded', copy], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    return readProgram(program.path, readFileSync(copy))
  } catch (error) {
    throw refused({
      message: 'The symbols of this program cannot be removed',
      where: program.path,
      why: messageOf(error),
      fix: `Install binutils for the platform of the image, or name another program than "${command}" with --strip.`,
    })
  } finally {
    rmSync(directory, { recursive: true })
  }
}
