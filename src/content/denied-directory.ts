import { accessSync, constants, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { HearthError, messageOf, systemCode } from '../errors.ts'

/**
 * The error for a file operation that was denied because this process's user may not write in a directory: which user,
 * which directory, whose it is, what to change. Undefined when that was not the reason.
 */
export function deniedDirectory(error: unknown): HearthError | undefined {
  if (systemCode(error) !== 'EACCES') return undefined
  const directory = directoryOf(error)
  const stat = directory === undefined ? undefined : statIfThere(directory)
  if (directory === undefined || stat === undefined || isWritable(directory)) return undefined
  const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0]
  const groups = [...new Set([gid, ...(process.getgroups?.() ?? [])])]
  const mode = (stat.mode & 0o7777).toString(8)
  return new HearthError({
    code: 'permission',
    message: `User ${uid} (groups ${groups.join(', ')}) may not write in ${directory}`,
    where: directory,
    why: `it belongs to ${stat.uid}:${stat.gid} and has mode ${mode}: ${messageOf(error)}`,
    fix: `Run "chown -R ${uid} ${directory}" or "chmod -R a+rwX ${directory}" as root; in Kubernetes, set fsGroup in the Pod's securityContext.`,
    cause: error,
  })
}

/** The directory something was to be made or changed in. */
function directoryOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('path' in error) || !('syscall' in error)) return undefined
  const { path, syscall } = error
  if (typeof path !== 'string') return undefined
  const stat = statIfThere(path)
  if (stat?.isDirectory() === true) return path
  // A file that is there was to be read.
  return syscall === 'open' && stat !== undefined ? undefined : dirname(path)
}

function statIfThere(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch {
    return undefined
  }
}

function isWritable(directory: string): boolean {
  try {
    accessSync(directory, constants.W_OK | constants.X_OK)
    return true
  } catch {
    return false
  }
}
