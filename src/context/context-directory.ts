import { type Stats, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { HearthError, systemCode } from '../errors.ts'

export interface ContextLocation {
  /** As given: a path, or dir:// and a path. */
  readonly context: string
  /** What relative paths start from; that of dir:// is relative, too. */
  readonly cwd: string
  /** The flag that names it, for messages; --context unless given. */
  readonly flag?: string
}

/** The absolute directory a --context names. Throws unless it is a directory that is there. */
export function contextDirectory({ context, cwd, flag = '--context' }: ContextLocation): string {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(context)?.[1]
  if (scheme !== undefined && scheme.toLowerCase() !== 'dir') throw unsupported(context, scheme)
  const path = resolve(cwd, scheme === undefined ? context : context.slice('dir://'.length))
  const stat = statOf(path)
  if (stat === undefined) throw missing(path, 'there is nothing of that name', flag)
  if (!stat.isDirectory()) throw missing(path, 'it is not a directory', flag)
  return path
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (['ENOTDIR', 'ELOOP', 'ENAMETOOLONG'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}

function missing(path: string, why: string, flag: string): HearthError {
  if (flag !== '--context') {
    const message = `The directory ${path} cannot be used`
    return new HearthError({
      code: 'context-missing',
      message,
      where: flag,
      why,
      fix: 'Give a directory that is there.',
    })
  }
  return new HearthError({
    code: 'context-missing',
    message: `The build context ${path} cannot be used`,
    why,
    fix: 'Give the directory that holds the Dockerfile and its files with --context.',
  })
}

function unsupported(context: string, scheme: string): HearthError {
  return new HearthError({
    code: 'context-unsupported',
    message: `A build context from ${scheme}:// is not supported yet`,
    where: `--context ${context}`,
    fix: 'Fetch it first, and give the directory with --context.',
  })
}
