import { randomBytes } from 'node:crypto'
import { lstatSync, readFileSync } from 'node:fs'
import { chmod, link, open, rename, unlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { HearthError, systemCode } from '../errors.ts'
import { hasNoHardLinks, readableMode } from './atomic-file.ts'
import { onDiskOf } from './disk-error.ts'
import { ownerIsDead, processIdentity } from './process-identity.ts'
import { temporaryName } from './temporary.ts'

export interface FileLockOptions {
  readonly signal?: AbortSignal
  /** How long a lock must stand unchanged before it counts as left behind, in ms. */
  readonly staleMs?: number
  /** How long to wait for others at most, in ms. */
  readonly patienceMs?: number
  /** How often to look whether it is free, in ms; a few of them unless given. */
  readonly pollMs?: number
}

/** A lock that stays until it is released, or its process ends. */
export interface FileLock {
  /** False once it has been taken over, as this process seemed dead to somebody. */
  isHeld(): boolean
  release(): Promise<void>
}

/** Locks a file as `withFileLock` does; undefined when others kept it for all of `patienceMs`. */
export async function holdFileLock(path: string, options: FileLockOptions = {}): Promise<FileLock | undefined> {
  const token = `${processIdentity()} ${randomBytes(12).toString('hex')}\n`
  if (!(await acquire(path, token, options))) return undefined
  const heart = beat(path, options.staleMs ?? defaultStaleMs)
  const isHeld = (): boolean => contentOf(path) === token
  return {
    isHeld,
    async release() {
      clearInterval(heart)
      if (isHeld()) await unlink(path).catch(() => {})
    },
  }
}

/**
 * Runs `task` while no other process runs one under the same lock file. Works across processes and hosts by exclusive
 * creation. A lock whose owner is dead is taken over at once where that can be seen, else once it stood still for
 * `staleMs`. Should the lock have been taken over while the task ran, the task runs again: it must be repeatable.
 */
export async function withFileLock<T>(path: string, task: () => Promise<T>, options: FileLockOptions = {}): Promise<T> {
  for (;;) {
    const lock = await holdFileLock(path, options)
    if (lock === undefined) throw stuck(path)
    try {
      const result = await task()
      if (lock.isHeld()) return result
    } finally {
      await lock.release()
    }
  }
}

const defaultStaleMs = 15_000

/** A living owner touches its lock, so that others elsewhere see that it is alive. */
function beat(path: string, staleMs: number): NodeJS.Timeout {
  const touch = (): void => void utimes(path, new Date(), new Date()).catch(() => {})
  return setInterval(touch, Math.max(1, staleMs / 4)).unref()
}

/** False when patience is at its end. */
async function acquire(path: string, token: string, options: FileLockOptions): Promise<boolean> {
  const { staleMs = defaultStaleMs, patienceMs = 60_000, pollMs = 2, signal } = options
  const start = performance.now()
  let seen = ''
  let seenSince = start
  while (!(await onDiskOf(dirname(path), create(path, token)))) {
    signal?.throwIfAborted()
    const now = performance.now()
    const holder = contentOf(path)
    const sight = `${timeOf(path)} ${holder ?? ''}`
    if (sight !== seen) {
      seen = sight
      seenSince = now
    }
    if (holder !== undefined && (ownerIsDead(holder) || now - seenSince > staleMs))
      await onDiskOf(dirname(path), takeAway(path, holder))
    else if (now - start >= patienceMs) return false
    else await sleep(pollMs + Math.random() * 20)
  }
  return true
}

/** Makes a lock that says from its first moment whose it is: its owner may be killed in the next one. */
async function create(path: string, token: string): Promise<boolean> {
  if (timeOf(path) !== undefined) return false
  const temporary = join(dirname(path), temporaryName())
  try {
    await writeFile(temporary, token, { flag: 'wx', mode: readableMode })
    // Other users must see whose it is, too.
    await chmod(temporary, readableMode)
    await link(temporary, path)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    if (hasNoHardLinks(error)) return await createInPlace(path, token)
    throw error
  } finally {
    await unlink(temporary).catch(() => {})
  }
}

async function createInPlace(path: string, token: string): Promise<boolean> {
  const handle = await open(path, 'wx', readableMode).catch((error: unknown) => {
    if (systemCode(error) === 'EEXIST') return undefined
    throw error
  })
  if (handle === undefined) return false
  try {
    await handle.writeFile(token)
    await handle.chmod(readableMode)
    return true
  } catch (error) {
    await unlink(path).catch(() => {})
    throw error
  } finally {
    await handle.close()
  }
}

/** Removes a stale lock, and puts it back when it turns out to be a new one that took its place. */
async function takeAway(path: string, stale: string): Promise<void> {
  const aside = `${path}.${randomBytes(8).toString('hex')}`
  try {
    await rename(path, aside)
    if (contentOf(aside) !== stale) await link(aside, path).catch(() => {})
    await unlink(aside)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

function contentOf(path: string): string | undefined {
  try {
    return lstatSync(path).isFile() ? readFileSync(path, 'latin1') : undefined
  } catch {
    return undefined
  }
}

function timeOf(path: string): number | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.mtimeMs
}

function stuck(path: string): HearthError {
  return new HearthError({
    code: 'output-failed',
    message: 'Another process keeps this directory locked',
    where: path,
    fix: 'Wait for it to end. If none is running, delete the lock file.',
  })
}
