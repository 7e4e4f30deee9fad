import { randomBytes } from 'node:crypto'
import type { LeasedDirectory, MountUse } from '../../../cache/mount-directories.ts'
import { selectPath } from '../../context/select.ts'
import { HearthError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { CacheMount, SecretMount, StepMount } from '../../plan/step.ts'
import { copyWhole } from '../../rootfs/copy-whole.ts'
import { removeTree } from '../../rootfs/remove.ts'
import type { SelectedSource } from '../../rootfs/selected-source.ts'
import { openAgentSocket } from '../../run/agent-socket.ts'
import type { CommandMount } from '../../run/command-mount.ts'
import { copyTo } from '../context-trees.ts'
import type { BuildRooms } from '../rooms.ts'
import type { RootSource } from './files.ts'

/** A mount with all that it needs from elsewhere at hand. */
export type ReadyMount =
  /** Files that others have, too. */
  | { readonly type: 'files'; readonly target: string; readonly path: string }
  /** Files that the command gets a copy of, to write to. */
  | {
      readonly type: 'copied'
      readonly target: string
      readonly source: SelectedSource
      readonly keepOwner: boolean
    }
  | ReadyCache
  | Exclude<StepMount, CacheMount | { readonly type: 'bind' }>

/** A cache, and the stage or image that a new one begins with. */
export type ReadyCache = CacheMount & { readonly from: RootSource | undefined }

/** What one command gets: mounts, and the variables that come with them. */
export class Mounting implements AsyncDisposable {
  readonly mounts: CommandMount[] = []
  readonly secretEnv: Record<string, string> = {}
  /** How to reach an agent, unless the image says so itself. */
  readonly agentEnv: Record<string, string> = {}
  readonly #rooms: BuildRooms
  readonly #log: Log
  readonly #release: (() => void | Promise<void>)[] = []
  readonly #leased = new Map<string, LeasedDirectory>()

  constructor(rooms: BuildRooms, log: Log) {
    this.#rooms = rooms
    this.#log = log
  }

  /** Gets everything that must be there while the command runs, until it is disposed of. */
  async take(mounts: readonly ReadyMount[]): Promise<void> {
    await this.#lease(mounts.filter((mount) => mount.type === 'cache'))
    for (const mount of mounts) await this.#add(mount)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const release of this.#release.splice(0).reverse()) await release()
  }

  async #add(mount: ReadyMount): Promise<void> {
    switch (mount.type) {
      case 'files':
        return this.#mount({ kind: 'files', target: mount.target, source: mount.path, readOnly: true })
      case 'copied':
        return this.#addCopy(mount)
      case 'cache': {
        const { directory } = this.#leased.get(this.#nameOf(mount)) as LeasedDirectory
        return this.#mount({ kind: 'cache', target: mount.target, source: directory, readOnly: mount.readOnly })
      }
      case 'tmpfs':
        return this.#addMemory(mount)
      case 'secret':
        return this.#addSecret(mount)
      case 'ssh':
        return this.#addAgent(mount)
    }
  }

  #mount(mount: CommandMount): void {
    this.mounts.push(mount)
  }

  async #addCopy({ target, source, keepOwner }: ReadyMount & { readonly type: 'copied' }): Promise<void> {
    const directory = this.#newPath('copy')
    this.#release.push(() => removeTree(directory))
    const path = await copyTo(directory, source, { keepOwner, log: this.#log, ...this.#signal() })
    this.#mount({ kind: 'files', target, source: path, readOnly: false })
  }

  #addMemory({ target, size, readOnly }: ReadyMount & { readonly type: 'tmpfs' }): void {
    if (size !== undefined && this.#rooms.isolation.sharedRoot !== undefined) {
      this.#log.warn(`the size of the tmpfs at ${target} is not limited, as commands run in the container's own root`)
    }
    this.#mount({ kind: 'tmpfs', target, size, readOnly })
  }

  #addSecret({ id, target, env, required, mode, uid, gid }: SecretMount): void {
    const value = this.#rooms.secrets.get(id)
    if (value === undefined) {
      if (required) throw notGiven(`the secret ${id}`, `--secret id=${id},src=FILE or --secret id=${id},env=VARIABLE`)
      return
    }
    if (env !== undefined) this.secretEnv[env] = textOf(id, value)
    if (target === undefined) return
    const owner = { mode: mode ?? 0o400, uid: uid ?? 0, gid: gid ?? 0 }
    this.#mount({ kind: 'secret', target, content: value.toString('base64'), ...owner })
  }

  /** The first agent is the one that programs find by themselves. */
  async #addAgent({ id, target, required, mode, uid, gid }: ReadyMount & { readonly type: 'ssh' }): Promise<void> {
    const agent = this.#rooms.agents.get(id)
    if (agent === undefined) {
      if (required) throw notGiven(`the SSH agent ${id}`, id === 'default' ? '--ssh default' : `--ssh ${id}=SOCKET`)
      return
    }
    const directory = this.#newPath('agent')
    const socket = await openAgentSocket({ agent, directory, mode: mode ?? 0o600, uid: uid ?? 0, gid: gid ?? 0 })
    this.#release.push(() => socket.close())
    this.agentEnv.SSH_AUTH_SOCK ??= target
    this.#mount({ kind: 'socket', target, source: socket.path })
  }

  /** In one order everywhere, so that no two builds can wait for each other. */
  async #lease(mounts: readonly ReadyCache[]): Promise<void> {
    const named = mounts.map((mount) => ({ name: this.#nameOf(mount), mount }))
    for (const { name, mount } of named.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (this.#leased.has(name)) continue
      const leased = await this.#rooms.mountDirectories.lease(this.#useOf(mount))
      this.#leased.set(name, leased)
      this.#release.push(() => leased.release())
    }
  }

  #nameOf(mount: ReadyCache): string {
    return this.#rooms.mountDirectories.nameOf(this.#useOf(mount))
  }

  #useOf(mount: ReadyCache): MountUse {
    const { id, target, mode, uid, gid, sharing, from, source } = mount
    return {
      ...{ id, target, mode, uid, gid, sharing },
      begins: from && [from.identity, source],
      fill: async (directory) => {
        if (from !== undefined) await this.#fill(directory, from, source)
      },
      onWait: () => this.#log.info(`another build uses the cache ${id}: waiting for it to end`),
      ...this.#signal(),
    }
  }

  async #fill(directory: string, from: RootSource, path: string): Promise<void> {
    const source = selectPath({ root: await from.root(), title: from.title, log: this.#log }, path)
    if (!source.isDirectory) throw notADirectory(path, from.title)
    await copyWhole(source, { root: directory, at: '/', keepOwner: true, log: this.#log, ...this.#signal() })
  }

  #newPath(kind: string): string {
    return `${this.#rooms.workDir}/${kind}-${randomBytes(8).toString('hex')}`
  }

  #signal(): { readonly signal?: AbortSignal } {
    const { signal } = this.#rooms
    return signal === undefined ? {} : { signal }
  }
}

function textOf(id: string, value: Buffer): string {
  if (!value.includes(0)) return value.toString()
  throw new HearthError({
    code: 'run-unavailable',
    message: `The secret ${id} cannot be a variable`,
    why: 'there is a NUL byte in it, where a variable would end',
    fix: 'Mount it as a file: leave out env=.',
  })
}

function notGiven(what: string, flag: string): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: `This RUN needs ${what}, which was not given`,
    fix: `Add ${flag}, or leave out "required".`,
  })
}

function notADirectory(path: string, title: string): HearthError {
  return new HearthError({ code: 'copy-source', message: `${path} in ${title} is a file, and a cache is a directory` })
}
