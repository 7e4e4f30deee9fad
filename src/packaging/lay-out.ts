import { mkdirSync, realpathSync } from 'node:fs'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { type Application, isAddon, readApplication, withAddonsFor } from './application.ts'
import { checkBase } from './check-base.ts'
import { glibcVersion } from './glibc-version.ts'
import { planTrees, treeNames } from './image-trees.ts'
import type { ApplicationFile, Pieces } from './pieces.ts'
import { machineOfNode, type Program, readProgram } from './program.ts'
import { refused } from './refused.ts'
import { librariesOf, type SharedLibrary } from './shared-libraries.ts'
import { stripped } from './strip.ts'
import { systemAuthorities, systemBusybox, systemLibraries, systemLicences } from './system-root.ts'
import { tryOut } from './try-out.ts'
import { writeTree } from './write-tree.ts'

export interface LayOutOptions {
  /** A checkout with node_modules and dist. */
  readonly application: string
  /** Root of the Debian system the libraries, busybox and the certificates are taken from. */
  readonly system: string
  /** A new directory: one tree in it for each layer of the images. */
  readonly output: string
  /** The program that removes symbols, "strip". */
  readonly strip: string
}

/** Lays out the trees of the images. Throws HearthError when a piece is missing or is not as expected. */
export function layOut(options: LayOutOptions): void {
  const output = newDirectory(options.output)
  const pieces = gather({ ...options, output })
  const trees = planTrees(pieces)
  for (const name of treeNames) writeTree(join(output, name), trees[name])
  checkBase(join(output, 'base'), pieces)
  tryOut(join(output, 'base'))
}

function newDirectory(path: string): string {
  try {
    mkdirSync(path)
    return realpathSync(path)
  } catch (error) {
    throw refused({
      message: 'The directory for the image cannot be made',
      where: path,
      why: messageOf(error),
      fix: 'Name a directory that is not there yet, in one that is.',
    })
  }
}

function gather({ application: directory, system, output, strip }: LayOutOptions): Pieces {
  const application = readApplication(directory)
  const machine = machineOfNode(application.node)
  const smaller = (program: Program): Program => stripped(program, strip, output)
  const files = withAddonsFor(machine, application.files).map((file) => smallerAddon(file, smaller))
  const addons = files.filter(({ path }) => isAddon(path)).map(({ path, content }) => readProgram(path, content))
  const node = smaller(application.node)
  const libraries = librariesOf([node, ...addons], machine, systemLibraries(system, machine))
  return {
    machine,
    ...versions(application, libraries),
    node,
    libraries,
    application: files,
    ...systemBusybox(system, machine),
    authorities: systemAuthorities(system),
    licences: [{ of: 'node', text: application.nodeLicence }, ...systemLicences(system)],
  }
}

function versions(
  { version, nodeVersion }: Application,
  libraries: readonly SharedLibrary[],
): Pick<Pieces, 'version' | 'nodeVersion' | 'glibc'> {
  const libc = libraries.find(({ soname }) => soname === 'libc.so.6')
  if (libc !== undefined) return { version, nodeVersion, glibc: glibcVersion(libc) }
  throw refused({ message: 'Nothing needs libc.so.6', where: 'libc.so.6', fix: 'Use the Node of package-lock.json.' })
}

function smallerAddon(file: ApplicationFile, smaller: (program: Program) => Program): ApplicationFile {
  if (!isAddon(file.path)) return file
  return { ...file, content: smaller(readProgram(file.path, file.content)).bytes }
}
