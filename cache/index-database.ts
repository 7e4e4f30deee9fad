import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { makeDirectoryIn, makeFileIn } from '../src/content/shared-directory.ts'
import { HearthError, messageOf, systemCode } from '../src/errors.ts'
import type { Log } from '../src/log.ts'
import { hasReliableLocks } from './filesystem.ts'

/** Version of the tables below; it is part of the file's name, so versions never meet in one file. */
const schemaVersion = 2

// "hrth": marks a database as ours.
const applicationId = 0x68727468

const schema = `
  CREATE TABLE layers (
    key TEXT PRIMARY KEY, instruction TEXT NOT NULL, text TEXT NOT NULL, record TEXT NOT NULL,
    layer_digest TEXT NOT NULL, layer_size INTEGER NOT NULL, diff_id TEXT NOT NULL, made_on TEXT NOT NULL,
    created INTEGER NOT NULL, last_used INTEGER NOT NULL, hits INTEGER NOT NULL DEFAULT 0,
    parent TEXT NOT NULL, place TEXT NOT NULL, about TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX layers_by_use ON layers (last_used);
  CREATE INDEX layers_by_parent ON layers (parent, last_used);
  CREATE INDEX layers_by_text ON layers (text, last_used);
  CREATE INDEX layers_by_place ON layers (place, last_used);
  CREATE TABLE images (
    reference TEXT NOT NULL, platform TEXT NOT NULL, manifest_digest TEXT NOT NULL, resolved_at INTEGER NOT NULL,
    PRIMARY KEY (reference, platform)
  ) STRICT, WITHOUT ROWID;
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

export type IndexDatabase = Database.Database

const fileName = new RegExp(`^v${schemaVersion}-g([1-9][0-9]{0,8})\\.db$`)

/**
 * Opens the SQLite index of a cache directory: undefined where SQLite cannot be trusted or used. A damaged or foreign
 * file is left alone, since others may have it open, and an empty one of the next generation takes its place.
 */
export function openIndexDatabase(cacheDirectory: string, log: Log): IndexDatabase | undefined {
  const directory = join(cacheDirectory, 'index')
  try {
    if (!hasReliableLocks(cacheDirectory)) return undefined
    makeDirectoryIn(cacheDirectory, 'index')
    return openNewest(directory, log)
  } catch (error) {
    log.debug(`The cache index in ${directory} is not used: ${messageOf(error)}`)
    return undefined
  }
}

/**
 * The newest index of a cache directory, to be read only and without waiting: undefined where there is none that can be
 * used. Not checked for damage, so that it costs nothing; what it says is to be compared with the files.
 */
export function openIndexToRead(cacheDirectory: string): IndexDatabase | undefined {
  const directory = join(cacheDirectory, 'index')
  try {
    if (!hasReliableLocks(cacheDirectory)) return undefined
    const generation = Math.max(...generationsIn(directory))
    const path = join(directory, `v${schemaVersion}-g${generation}.db`)
    const db = new Database(path, { readonly: true, fileMustExist: true, timeout: 50 })
    db.pragma('trusted_schema = OFF')
    if (db.pragma('application_id', { simple: true }) === applicationId) return db
    db.close()
    return undefined
  } catch {
    return undefined
  }
}

/** Files of earlier generations, which no process opens any more. */
export function oldIndexFiles(cacheDirectory: string): readonly string[] {
  const directory = join(cacheDirectory, 'index')
  if (!existsSync(directory)) return []
  const generations = generationsIn(directory)
  const old = generations.filter((generation) => generation < Math.max(...generations))
  const names = old.map((generation) => `v${schemaVersion}-g${generation}.db`)
  const files = names.flatMap((name) => [name, `${name}-journal`, `${name}-wal`, `${name}-shm`])
  return files.map((name) => join(directory, name)).filter((path) => existsSync(path))
}

/** Runs `task` in one write transaction; a database busy with others is asked again for some seconds. */
export async function inTransaction(db: IndexDatabase, task: () => void): Promise<void> {
  const transaction = db.transaction(task)
  for (let attempt = 1; ; attempt++) {
    try {
      transaction.immediate()
      return
    } catch (error) {
      if (systemCode(error)?.startsWith('SQLITE_BUSY') !== true || attempt === 20) throw error
      await sleep(20 + Math.random() * 100)
    }
  }
}

function openNewest(directory: string, log: Log): IndexDatabase {
  const newest = Math.max(1, ...generationsIn(directory))
  try {
    return openGeneration(directory, newest)
  } catch (error) {
    if (!isDamage(error)) throw error
    const name = `v${schemaVersion}-g${newest}.db`
    const why = messageOf(error).replaceAll('\n', ' ')
    log.warn(`The cache index ${join(directory, name)} is damaged (${why}); it is rebuilt from the records`)
    return openGeneration(directory, newest + 1)
  }
}

function generationsIn(directory: string): readonly number[] {
  return readdirSync(directory).flatMap((name) => {
    const generation = fileName.exec(name)?.[1]
    return generation === undefined ? [] : [Number(generation)]
  })
}

function openGeneration(directory: string, generation: number): IndexDatabase {
  const path = join(directory, `v${schemaVersion}-g${generation}.db`)
  // Before SQLite opens it: closing a file drops the locks that this process has on it.
  makeFileIn(directory, path)
  // Short, because waiting for a lock stops the event loop; callers try again.
  const db = new Database(path, { timeout: 500 })
  try {
    db.pragma('trusted_schema = OFF')
    db.pragma('synchronous = FULL')
    db.transaction(() => createOrCheck(db)).immediate()
    // Works on every volume; a write-ahead log would not survive being shared between hosts.
    db.pragma('journal_mode = DELETE')
    const check = db.pragma('quick_check(1)', { simple: true })
    if (check !== 'ok') throw damage(String(check))
    return db
  } catch (error) {
    db.close()
    throw error
  }
}

function createOrCheck(db: IndexDatabase): void {
  const id = db.pragma('application_id', { simple: true })
  const version = db.pragma('user_version', { simple: true })
  const tables = db.prepare<[], number>('SELECT count(*) FROM sqlite_master WHERE sql IS NOT NULL').pluck().get()
  if (id === 0 && version === 0 && tables === 0) db.exec(schema)
  else if (id !== applicationId) throw damage('it belongs to another program')
  else if (version !== schemaVersion) throw damage(`its tables have version ${version}`)
  else if (tables !== 6) throw damage('tables are missing')
}

function damage(why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: why })
}

function isDamage(error: unknown): boolean {
  if (error instanceof HearthError) return true
  const code = systemCode(error) ?? ''
  return ['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'SQLITE_ERROR', 'SQLITE_IOERR'].some((known) => code.startsWith(known))
}
