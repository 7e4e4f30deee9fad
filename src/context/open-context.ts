import { dirname, join } from 'node:path'
import { type IgnoreMatcher, parseIgnoreFile } from '../dockerfile/ignore.ts'
import { HearthError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type ContextLocation, contextDirectory } from './context-directory.ts'
import { type OwnEntry, type OwnPath, ownEntries } from './own-paths.ts'
import { pathText } from './path-text.ts'
import { readSteeringFile } from './steering-file.ts'

/** The files a build may copy from. */
export interface BuildContext extends AsyncDisposable {
  /** Absolute. */
  readonly directory: string
  /** What messages call it, unless by its directory. */
  readonly title?: string
  readonly ignore: IgnoreMatcher
  /** The file the ignore rules came from. */
  readonly ignoreFile: string | undefined
  /** What the build itself writes in there, which is no part of the context. */
  readonly own: readonly OwnEntry[]
}

export interface ContextOptions extends ContextLocation {
  /** Absolute path of the Dockerfile: an ignore file of its own goes before that of the context. */
  readonly dockerfile?: string
  /** What the build itself writes, wherever it lies. */
  readonly own?: readonly OwnPath[]
  readonly title?: string
}

/** Opens a directory as build context; it is used in place. */
export async function openContext(options: ContextOptions): Promise<BuildContext> {
  const directory = contextDirectory(options)
  const found = findIgnoreFile(directory, options.dockerfile)
  const ignore = found === undefined ? nothingIgnored : parse(found)
  const own = ownEntries(directory, options.own ?? [])
  const titled = options.title === undefined ? {} : { title: options.title }
  return { directory, ...titled, ignore, ignoreFile: found?.path, own, [Symbol.asyncDispose]: async () => {} }
}

/** Warns of what the build itself writes into a context. */
export function warnOfOwn({ title: name, ignore, own }: BuildContext, log: Log): void {
  for (const { title, path } of own) {
    if (ignore.prunes(pathText(path))) continue
    log.warn(`${title} ${pathText(path)} is in ${name ?? 'the context'}: nothing of it is copied`)
  }
}

interface IgnoreFile {
  readonly path: string
  readonly text: string
}

function findIgnoreFile(directory: string, dockerfile: string | undefined): IgnoreFile | undefined {
  const own = dockerfile === undefined ? undefined : readIgnoreFile(`${dockerfile}.dockerignore`, dirname(dockerfile))
  return own ?? readIgnoreFile(join(directory, '.dockerignore'), directory)
}

function readIgnoreFile(path: string, within: string): IgnoreFile | undefined {
  const outcome = readSteeringFile(path, within)
  if (outcome.kind === 'text') return { path, text: outcome.text }
  if (outcome.kind === 'missing') return undefined
  throw new HearthError({ code: 'context-ignore', message: `The ignore file ${path} cannot be used`, why: outcome.why })
}

function parse({ path, text }: IgnoreFile): IgnoreMatcher {
  try {
    return parseIgnoreFile(text)
  } catch (error) {
    throw error instanceof HearthError ? error.at(path) : error
  }
}

const nothingIgnored: IgnoreMatcher = { ignores: () => false, prunes: () => false, hasExceptions: false }
