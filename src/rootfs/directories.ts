import { chmodSync, closeSync, constants, lchownSync, lstatSync, mkdirSync, openSync, readlinkSync } from 'node:fs'
import { HearthError, systemCode } from '../errors.ts'
import { pointerOnly } from '../sys/pointer-flag.ts'
import { joinRaw, type RawPath, rawPath, showPath } from '../tar/raw-path.ts'
import { notADirectory } from './bad-entry.ts'
import { Border } from './border.ts'
import type { IgnoredPaths } from './ignored-paths.ts'
import { maxHops, symlinkLoop } from './symlink-loop.ts'

const directoryFlags = pointerOnly | constants.O_DIRECTORY | constants.O_NOFOLLOW

/** A directory below a root that is held open: whatever happens to the names on the way to it, it stays the same one. */
export interface Directory {
  readonly descriptor: number
  /** Below the root, without symlinks. */
  readonly path: RawPath
  /** Undefined for the root. */
  readonly parent: Directory | undefined
  readonly children: Map<string, Directory>
}

/** The path by which the fs functions reach something in an open directory; '.' is the directory itself. */
export function hostPath(directory: Directory, name: string): Buffer {
  return Buffer.from(`/proc/self/fd/${directory.descriptor}/${name}`, 'latin1')
}

export interface DirectoriesOptions {
  /** Told of every directory that `make` has to make. */
  readonly onMade?: (parent: Directory, name: string) => void
  /** What in the root is not the image's: a path that leads there is a MachinePath error, whoever asks for it. */
  readonly ignored?: IgnoredPaths
}

/** So many directories may stay open from one use to the next. */
const maxOpen = 128

/**
 * Finds directories below a root as a process would that has the root for its "/". Every part is opened from the one
 * before it and never through a symlink, so that not even a rename meanwhile can lead outside. What has been found stays
 * open for the next look-up, until `trim`: whoever removes or replaces something must say so with `drop`.
 */
export class Directories {
  readonly root: Directory
  /** Undefined where the whole root is the image's. */
  readonly border: Border | undefined
  readonly #onMade: DirectoriesOptions['onMade']
  #open = 0
  #last: { readonly path: RawPath; readonly directory: Directory } | undefined

  constructor(root: string, { onMade, ignored }: DirectoriesOptions = {}) {
    const descriptor = openSync(root, pointerOnly | constants.O_DIRECTORY)
    this.root = { descriptor, path: rawPath(''), parent: undefined, children: new Map() }
    this.border = ignored === undefined ? undefined : new Border(ignored, descriptor)
    this.#onMade = onMade
  }

  /** The directory a path names, symlinks followed; undefined when it or one on the way does not exist. */
  find(path: RawPath): Directory | undefined {
    return this.#lookUp(path, (parent, name) => openChild(parent, name))
  }

  /** The same, making what does not exist: mode 0755, owner 0:0. */
  make(path: RawPath): Directory {
    const found = this.#lookUp(path, (parent, name) => openChild(parent, name) ?? this.#makeChild(parent, name))
    if (found === undefined) throw new HearthError({ code: 'layer-invalid', message: `${showPath(path)} disappeared` })
    return found
  }

  /** The directory of a path without symlinks; undefined when there is something else, or nothing. */
  findReal(path: RawPath): Directory | undefined {
    try {
      const found = this.find(path)
      return found?.path === path ? found : undefined
    } catch (error) {
      if (error instanceof HearthError) return undefined
      throw error
    }
  }

  /** Forgets what is known about a name in a directory, and closes all below it. */
  drop(directory: Directory, name: string): void {
    this.#last = undefined
    const child = directory.children.get(name)
    if (child === undefined) return
    directory.children.delete(name)
    this.#closeAll([child])
  }

  /** Closes what is open when that is too much. No directory but the root may be in use then. */
  trim(): void {
    if (this.#open > maxOpen) this.#closeBelowRoot()
  }

  /** Closes everything; none of the directories may be used any more. */
  close(): void {
    this.#closeBelowRoot()
    closeSync(this.root.descriptor)
  }

  #lookUp(path: RawPath, open: Opener): Directory | undefined {
    if (path === '') return this.root
    if (this.#last?.path === path) return this.#last.directory
    const parts = path.split('/').reverse()
    let at = this.root
    let hops = 0
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      if (part === '' || part === '.') continue
      if (part === '..') {
        at = at.parent ?? at
        continue
      }
      const child = at.children.get(part) ?? this.#openChild(at, part, open)
      if (child === undefined) return undefined
      if (typeof child !== 'string') {
        at = child
        continue
      }
      hops += 1
      if (hops > maxHops) throw symlinkLoop(path)
      if (child.startsWith('/')) at = this.root
      parts.push(...child.split('/').reverse())
    }
    this.#last = { path, directory: at }
    return at
  }

  #openChild(parent: Directory, name: string, open: Opener): Directory | string | undefined {
    const path = joinRaw(parent.path, name as RawPath)
    this.border?.check(path)
    const opened = open(parent, name)
    if (typeof opened !== 'number') return opened
    this.#checkOpen(opened, path)
    const directory = { descriptor: opened, path, parent, children: new Map() }
    parent.children.set(name, directory)
    this.#open += 1
    return directory
  }

  #checkOpen(descriptor: number, path: RawPath): void {
    try {
      this.border?.checkOpen(descriptor, path)
    } catch (error) {
      closeSync(descriptor)
      throw error
    }
  }

  #makeChild(parent: Directory, name: string): number | string | undefined {
    const host = hostPath(parent, name)
    mkdirSync(host, { mode: 0o700 })
    lchownSync(host, 0, 0)
    const made = openChild(parent, name)
    if (typeof made === 'number') chmodSync(`/proc/self/fd/${made}`, 0o755)
    this.#onMade?.(parent, name)
    return made
  }

  #closeBelowRoot(): void {
    this.#last = undefined
    this.#closeAll([...this.root.children.values()])
    this.root.children.clear()
  }

  #closeAll(directories: Directory[]): void {
    for (let next = directories.pop(); next !== undefined; next = directories.pop()) {
      directories.push(...next.children.values())
      closeSync(next.descriptor)
      this.#open -= 1
    }
  }
}

/** Opens a part of a path: a descriptor, the text of a symlink, or undefined where there is nothing. */
type Opener = (parent: Directory, name: string) => number | string | undefined

function openChild(parent: Directory, name: string): number | string | undefined {
  const host = hostPath(parent, name)
  try {
    return openSync(host, directoryFlags)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    if (systemCode(error) !== 'ENOTDIR') throw error
  }
  if (lstatSync(host).isSymbolicLink()) return readlinkSync(host, { encoding: 'latin1' })
  throw notADirectory(joinRaw(parent.path, name as RawPath))
}
