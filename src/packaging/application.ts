import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { applicationFiles, type PackageLock } from './application-files.ts'
import type { Machine } from './machine.ts'
import { isAddonFor } from './native-addons.ts'
import type { ApplicationFile } from './pieces.ts'
import { type Program, readProgram } from './program.ts'
import { refused } from './refused.ts'

/** A compiled checkout with its packages installed. */
export interface Application {
  readonly version: string
  /** The Node that npm installed for the machine the image is for. */
  readonly node: Program
  readonly nodeVersion: string
  readonly nodeLicence: Buffer
  /** Everything else of it, addons for other machines included. */
  readonly files: readonly ApplicationFile[]
}

/** Packages with a part in machine code, without which the program does not work. */
const nativePackages = ['@koromix/', 'better-sqlite3/']

/** Reads a compiled checkout. */
export function readApplication(directory: string): Application {
  const json = (path: string): unknown => JSON.parse(readFileSync(join(directory, path), 'utf8'))
  const lock = json('package-lock.json') as PackageLock
  const nodePackage = findNodePackage(directory)
  const nodeFile = join(directory, nodePackage, 'bin/node')
  const paths = applicationFiles(filesBelow(directory, ['package.json', 'LICENSE', 'dist', 'node_modules']), lock)
  if (!paths.includes('dist/bin/executor.js')) throw notCompiled(directory)
  return {
    version: versionIn(json('package.json')),
    node: readProgram(nodeFile, readFileSync(nodeFile)),
    nodeVersion: versionIn(json(join(nodePackage, 'package.json'))),
    nodeLicence: readFileSync(join(directory, nodePackage, 'LICENSE')),
    files: paths.map((path) => ({ path, content: readFileSync(join(directory, path)) })),
  }
}

/** The files without the addons that are for other machines. Throws when a package is left without any. */
export function withAddonsFor(machine: Machine, files: readonly ApplicationFile[]): readonly ApplicationFile[] {
  const kept = files.filter(({ path, content }) => !isAddon(path) || isAddonFor(machine, content))
  for (const name of nativePackages) {
    if (kept.some(({ path }) => isAddon(path) && path.startsWith(`node_modules/${name}`))) continue
    throw refused({
      message: `No addon of ${name.replace('/', '')} is for ${machine.architecture} with glibc`,
      where: `node_modules/${name}`,
      fix: 'Run "npm ci" with optional packages on the platform the image is for.',
    })
  }
  return kept
}

/** Whether a file is machine code that Node loads. */
export function isAddon(path: string): boolean {
  return path.endsWith('.node')
}

/** npm installs the one that fits the platform. */
function findNodePackage(directory: string): string {
  const names = readdirSync(join(directory, 'node_modules')).filter((name) => name.startsWith('node-linux-'))
  const [name] = names
  if (name !== undefined && names.length === 1) return join('node_modules', name)
  throw refused({
    message: `There must be one package node-linux-…, not ${names.length}`,
    where: join(directory, 'node_modules'),
    fix: 'Run "npm ci" with optional packages on the platform the image is for.',
  })
}

function filesBelow(directory: string, starts: readonly string[]): readonly string[] {
  const found = starts.flatMap((start) => {
    if (start.includes('.') || start === 'LICENSE') return [start]
    const entries = readdirSync(join(directory, start), { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name).slice(directory.length + 1))
  })
  return found.sort()
}

function versionIn(document: unknown): string {
  return String((document as { readonly version?: unknown }).version)
}

function notCompiled(directory: string): Error {
  return refused({
    message: 'The program is not compiled',
    where: join(directory, 'dist'),
    fix: 'Run "npm run build".',
  })
}
