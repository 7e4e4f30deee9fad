import { cpSync, existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../support/command.ts'

const directory = join(import.meta.dirname, 'cases')

/** Every case: a directory with a Dockerfile and its context. */
export const caseNames: readonly string[] = readdirSync(directory).sort()

/** Copies a case's context below `to` and lets its prepare.sh make what version control cannot hold. */
export async function prepareCase(name: string, to: string): Promise<string> {
  const context = join(to, name)
  cpSync(join(directory, name), context, { recursive: true, verbatimSymlinks: true })
  if (existsSync(join(context, 'prepare.sh'))) {
    await run('sh', ['-euc', 'umask 022; . ./prepare.sh; rm prepare.sh'], { cwd: context })
  }
  return context
}
