import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import type { Readable, Writable } from 'node:stream'
import { HearthError, messageOf, systemCode } from '../errors.ts'
import { textIfThere } from './text-if-there.ts'
import { type IdRange, identityMap, mapArguments, mapText, subordinateMap } from './user-namespace-maps.ts'
import { findNamespaceTools, findProgram, type NamespaceTools } from './user-namespace-tools.ts'

/** A user namespace that programs can be started in. It is there as long as the holder and what is in it. */
export interface UserNamespace {
  /** How a program is called that starts another one in there, as its root, in a mount namespace of its own. */
  readonly enter: readonly string[]
  /** Lets go of it. */
  [Symbol.dispose](): void
}

/**
 * Makes a user namespace with all ids that this process may have in it: the same ones for root, and for another user
 * itself as root and its subordinate ids. Programs are looked up in `path`. Throws "run-unavailable".
 */
export async function openUserNamespace(path: string): Promise<UserNamespace> {
  const tools = findNamespaceTools(path)
  if (tools === undefined) throw noProgram('unshare and nsenter', 'util-linux')
  const holder = await startHolder(tools)
  try {
    const pid = String(holder.pid)
    if (process.geteuid?.() === 0) mapOwnIds(pid)
    else mapSubordinateIds(pid, path)
    return {
      enter: [...tools.nsenter, '-t', pid, '-U', '--', ...tools.unshare, '-m'],
      [Symbol.dispose]: () => letGo(holder),
    }
  } catch (error) {
    letGo(holder)
    throw error
  }
}

type Holder = ChildProcessByStdio<Writable, Readable, Readable>

/** It ends with its input, and so with this process. */
async function startHolder({ unshare, cat }: NamespaceTools): Promise<Holder> {
  const [program = '', ...args] = [...unshare, '-U', ...cat]
  const holder = spawn(program, args, { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe'], detached: true })
  let said = ''
  holder.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text
  })
  holder.stdin.on('error', () => {})
  holder.stdin.write('\n')
  const gone = once(holder, 'close').then(() => {
    throw unavailable(said.trim() || 'the program that makes it ended at once')
  })
  // Its answer says that it is in the namespace.
  await Promise.race([once(holder.stdout, 'data'), gone])
  gone.catch(() => {})
  for (const stream of [holder, holder.stdin, holder.stdout, holder.stderr]) unref(stream)
  return holder
}

function letGo(holder: Holder): void {
  holder.stdin.destroy()
  holder.stdout.destroy()
  holder.stderr.destroy()
}

function unref(kept: object): void {
  if ('unref' in kept && typeof kept.unref === 'function') kept.unref()
}

function mapOwnIds(pid: string): void {
  for (const name of ['uid_map', 'gid_map']) {
    const map = mapText(identityMap(readFileSync(`/proc/self/${name}`, 'utf8')))
    try {
      writeFileSync(`/proc/${pid}/${name}`, map)
    } catch (error) {
      const lacking = systemCode(error) === 'EPERM' ? '; CAP_SETUID, CAP_SETGID and CAP_SETFCAP are needed for it' : ''
      throw unavailable(`${systemCode(error)}: write failed for its ${name}${lacking}`, error)
    }
  }
}

function mapSubordinateIds(pid: string, path: string): void {
  const account = { id: process.getuid?.() ?? 0, name: userName() }
  const kinds = [
    { program: 'newuidmap', file: '/etc/subuid', own: account.id },
    { program: 'newgidmap', file: '/etc/subgid', own: process.getgid?.() ?? 0 },
  ]
  for (const { program, file, own } of kinds) {
    const map = subordinateMap(textIfThere(file), account, own)
    if (map === undefined) throw noSubordinateIds(file, account.name ?? String(account.id))
    const found = findProgram(program, path)
    if (found === undefined) throw noProgram(program, 'uidmap or shadow-utils')
    applyMap(found, pid, map)
  }
}

function applyMap(program: string, pid: string, map: readonly IdRange[]): void {
  try {
    execFileSync(program, [pid, ...mapArguments(map)], {
      env: {},
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
    })
  } catch (error) {
    const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : ''
    throw refusedMap(program, said === '' ? messageOf(error) : said, error)
  }
}

/** Ids are also given to numbers; a user without an account has only those. */
function userName(): string | undefined {
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}

const message = 'No user namespace can be made to run commands in'

function unavailable(why: string, cause?: unknown): HearthError {
  return new HearthError({ code: 'run-unavailable', message, why, cause })
}

function noProgram(name: string, packages: string): HearthError {
  const why = `${name} cannot be found in the PATH`
  return new HearthError({ code: 'run-unavailable', message, why, fix: `Install ${packages}.` })
}

function refusedMap(program: string, why: string, cause: unknown): HearthError {
  const fix = `${program} must be setuid root or have its capability, and ids must not be listed twice; privileges may not be forbidden (no_new_privs).`
  return new HearthError({ code: 'run-unavailable', message, why, fix, cause })
}

function noSubordinateIds(file: string, user: string): HearthError {
  const why = `${file} has no ids for ${user}`
  const fix = `As root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 ${user}`
  return new HearthError({ code: 'run-unavailable', message, why, fix })
}
