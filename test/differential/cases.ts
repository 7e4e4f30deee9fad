import { cpSync, existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import type { ImageCase, WrongCase } from './case.ts'
import { addCases } from './conformance/add.ts'
import { argCases } from './conformance/args.ts'
import { commandCases } from './conformance/commands.ts'
import { configCases } from './conformance/config.ts'
import { copyCases } from './conformance/copy.ts'
import { copyFromCases } from './conformance/copy-from.ts'
import { destinationCases } from './conformance/destinations.ts'
import { directiveCases } from './conformance/directives.ts'
import { expansionCases } from './conformance/expansion.ts'
import { fromCases } from './conformance/from.ts'
import { heredocCases } from './conformance/heredocs.ts'
import { ignoreCases } from './conformance/ignore.ts'
import { onBuildCases } from './conformance/onbuild.ts'
import { ownerCases } from './conformance/owners.ts'
import { refusedCases as refusedOnes } from './conformance/refused.ts'
import { runCases } from './conformance/run.ts'
import { userCases } from './conformance/users.ts'
import { volumeCases } from './conformance/volumes.ts'
import { wrongCases as wrongOnes } from './conformance/wrong.ts'
import { wrongBuildCases } from './conformance/wrong-build.ts'
import { directoryPins } from './directory-pins.ts'

const directory = join(import.meta.dirname, 'cases')

/** Those that are a directory with a Dockerfile and its context, each about many things at once. */
const directoryCases: readonly ImageCase[] = readdirSync(directory)
  .sort()
  .map((name) => ({
    name,
    pins: directoryPins[name] ?? '',
    dockerfile: readFileSync(join(directory, name, 'Dockerfile'), 'utf8'),
  }))

/** Every Dockerfile that builds. */
export const imageCases: readonly ImageCase[] = [
  ...directoryCases,
  ...directiveCases,
  ...fromCases,
  ...argCases,
  ...expansionCases,
  ...heredocCases,
  ...runCases,
  ...userCases,
  ...copyCases,
  ...destinationCases,
  ...ownerCases,
  ...copyFromCases,
  ...addCases,
  ...ignoreCases,
  ...configCases,
  ...commandCases,
  ...volumeCases,
  ...onBuildCases,
]

/** Every Dockerfile that must not build. */
export const wrongCases: readonly WrongCase[] = [...wrongOnes, ...wrongBuildCases]

/** Every Dockerfile that asks for what hearth does not do yet. */
export const refusedCases: readonly WrongCase[] = refusedOnes

/** Makes a case's context below `to`. Every file in it is older than the build, and of the same age in every run. */
export async function prepareCase(from: ImageCase | WrongCase, to: string): Promise<string> {
  const context = makeContext(to, { Dockerfile: from.dockerfile, ...from.files })
  const ready = join(directory, from.name)
  if (existsSync(ready)) cpSync(ready, context, { recursive: true, verbatimSymlinks: true })
  const script = existsSync(join(context, 'prepare.sh')) ? '. ./prepare.sh; rm prepare.sh' : (from.prepare ?? '')
  await run('sh', ['-euc', `umask 022; ${script}\n${aged}`], { cwd: context })
  return context
}

const aged = "find . -newermt '2022-01-01' -exec touch --no-dereference --date=@1600000000 {} +"
