import { linkSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs'
import { messageOf, systemCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { makeNode } from '../sys/node.ts'
import type { TarEntry } from '../tar/entry.ts'
import { baseName, joinRaw, parentOf, type RawPath, rawPathOf, showPath } from '../tar/raw-path.ts'
import type { UnpackOptions } from './apply.ts'
import { badLink, type EntryOf, overlayWhiteout } from './bad-entry.ts'
import { Directories, type Directory, hostPath } from './directories.ts'
import { exchanged, placed } from './disk-failure.ts'
import { FileWriter } from './file-writer.ts'
import { LayerNames } from './layer-names.ts'
import { applyToLink } from './linked-metadata.ts'
import { holdsMachines, MachinePath } from './machine-path.ts'
import { dropOtherXattrs, type Metadata, setMetadata } from './metadata.ts'
import { moveMounts } from './move-mounts.ts'
import { removal } from './removal.ts'

/** Where an entry goes. */
interface Place {
  readonly parent: Directory
  readonly name: string
  readonly host: Buffer
}

const slash = 0x2f

/**
 * Makes the files of an archive below a root, one after the other and synchronously. What stands in the way of an entry
 * is removed, never written into or through; only a directory that meets a directory stays. Directories get their
 * metadata at the end, since filling them changes it. An entry whose place turns out to be ignored is left out, with one
 * warning for each such place. Errors name the file.
 */
export class Unpacker {
  readonly directories: Directories
  /** What the archive has made so far. */
  readonly names = new LayerNames()
  readonly #log: Log
  readonly #onMoved: UnpackOptions['onMoved']
  readonly #mayLackDevices: boolean
  readonly #unfinished = new Map<RawPath, Metadata>()
  readonly #reported = new Set<string>()
  readonly #leftOut = new Set<RawPath>()
  #file: FileWriter | undefined

  constructor(root: string, { log, ignored, onMoved, mayLackDevices = false }: UnpackOptions) {
    this.#log = log
    this.#onMoved = onMoved
    this.#mayLackDevices = mayLackDevices
    this.directories = new Directories(root, {
      onMade: (parent, name) => this.names.add(parent.path, name),
      ...(ignored === undefined ? {} : { ignored }),
    })
  }

  /** Makes a file; when it is a regular one, its content follows by `write`, `skip` and `finishFile`. */
  make(entry: TarEntry): void {
    this.attempt(entry, () => {
      this.directories.trim()
      if (entry.path === '') {
        if (entry.type === 'directory') this.#unfinished.set(entry.path, entry)
        return
      }
      const parent = this.directories.make(parentOf(entry.path))
      const name = baseName(entry.path)
      this.directories.border?.check(pathOf(parent, name))
      this.#makeAt({ parent, name, host: hostPath(parent, name) }, entry)
      this.names.add(parent.path, name)
    })
  }

  /** Does what an entry asks for; when that turns out to concern what is ignored, the entry is left out. */
  attempt(entry: TarEntry, act: () => void): void {
    try {
      placed(entry.path, act)
    } catch (error) {
      if (!(error instanceof MachinePath)) throw error
      const message = `${showPath(entry.path)} is left out: ${error.reason}`
      if (entry.type === 'directory' || this.#leftOut.has(error.place)) this.#log.debug(message)
      else this.#log.warn(message)
      if (entry.type !== 'directory') this.#leftOut.add(error.place)
    }
  }

  /** Adds the bytes of a chunk from `start` to `end`. */
  write(chunk: Uint8Array, start: number, end: number): void {
    const file = this.#file
    if (file !== undefined) placed(file.metadata.path, () => file.write(chunk, start, end))
  }

  skip(size: number): void {
    this.#file?.skip(size)
  }

  finishFile(): void {
    const file = this.#file
    if (file === undefined) return
    this.#report(placed(file.metadata.path, () => file.finish()))
    this.#file = undefined
  }

  /** Removes whatever has a name in a directory, with all that is in it. What is ignored stays, and what leads there. */
  remove(parent: Directory, name: string): void {
    const { border } = this.directories
    const spared = border && { ignored: border.ignored, mount: border.mount, path: pathOf(parent, name) }
    this.directories.drop(parent, name)
    for (const _ of removal(hostPath(parent, name), spared)) {
      // Each turn removes something.
    }
    if (this.names.hasWithin(parent.path, name)) this.#forgetBelow(pathOf(parent, name))
    else this.#unfinished.delete(pathOf(parent, name))
  }

  /** Gives the directories their metadata, those within others first; one at each turn of the generator. */
  *finish(): Generator<void> {
    for (const [path, metadata] of [...this.#unfinished].reverse()) {
      this.directories.trim()
      this.#report(placed(path, () => this.#finishDirectory(this.#directoryAt(path), metadata)))
      yield
    }
  }

  /** A directory that was there before may have more attributes than the entry. */
  #finishDirectory(host: Buffer, metadata: Metadata): readonly string[] {
    dropOtherXattrs(host, metadata)
    return setMetadata(host, metadata)
  }

  /** Closes all that is open. What has been made stays. */
  close(): void {
    this.#file?.abandon()
    this.directories.close()
  }

  #makeAt(place: Place, entry: TarEntry): void {
    switch (entry.type) {
      case 'directory':
        this.#makeDirectory(place, entry)
        return
      case 'file':
        this.#file = this.#replacing(place, () => new FileWriter(place.host, entry))
        return
      case 'hardlink':
        this.#makeLink(place, entry)
        return
      case 'symlink':
        this.#replacing(place, () => symlinkSync(Buffer.from(entry.target), place.host), entry.target)
        break
      case 'character':
      case 'block':
        if (entry.major === 0 && entry.minor === 0 && entry.type === 'character') throw overlayWhiteout(entry.path)
        if (!this.#makeDevice(place, entry)) return
        break
      case 'fifo':
        this.#replacing(place, () => makeNode(place.host, { type: 'fifo', mode: entry.mode, major: 0, minor: 0 }))
    }
    this.#report(setMetadata(place.host, entry))
  }

  /** False when the kernel forbids devices, as it does in user namespaces, and the root may do without them. */
  #makeDevice(place: Place, entry: EntryOf<'character' | 'block'>): boolean {
    try {
      this.#replacing(place, () => makeNode(place.host, entry))
      return true
    } catch (error) {
      if (!this.#mayLackDevices || systemCode(error) !== 'EPERM') throw error
      if (!this.#reported.has('devices')) {
        this.#log.warn(
          `devices such as ${showPath(entry.path)} cannot be made here: the image keeps them, commands do not see them`,
        )
      }
      this.#reported.add('devices')
      return false
    }
  }

  #makeDirectory(place: Place, entry: TarEntry): void {
    const { parent, name, host } = place
    const path = pathOf(parent, name)
    const make = (): void => mkdirSync(host, { mode: 0o700 })
    try {
      make()
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
      if (!lstatSync(host).isDirectory()) {
        this.remove(parent, name)
        make()
      }
    }
    // Put at the end again, so that a directory always comes after those above it.
    this.#unfinished.delete(path)
    this.#unfinished.set(path, { ...entry, type: 'directory', path })
  }

  #makeLink(place: Place, entry: EntryOf<'hardlink'>): void {
    const name = baseName(entry.target)
    const source = this.#linkSource(place, entry)
    const host = source === undefined ? undefined : hostPath(source, name)
    const stat = host === undefined ? undefined : lstatSync(host, { throwIfNoEntry: false })
    if (source === undefined || host === undefined || stat === undefined) throw badLink(entry, 'there is no such file')
    if (stat.isDirectory()) throw badLink(entry, 'that is a directory')
    const [own, file] = [pathOf(place.parent, place.name), pathOf(source, name)]
    // Making room for the link would remove what it is to be linked to.
    if (file === own || file.startsWith(`${own}/`)) throw badLink(entry, 'that is the link itself, or below it')
    this.#replacing(place, () => linkSync(host, place.host))
    this.#report(applyToLink(place.host, entry))
  }

  /** The directory of a link's target. A link to what is ignored is not made; nor does what it replaces stay. */
  #linkSource(place: Place, { target }: EntryOf<'hardlink'>): Directory | undefined {
    try {
      const source = this.directories.find(parentOf(target))
      if (source !== undefined) this.directories.border?.check(pathOf(source, baseName(target)))
      return source
    } catch (error) {
      if (error instanceof MachinePath && exists(place.host)) this.#makeWay(place)
      throw error
    }
  }

  /** Makes something new; what is in the way is removed first. `leadsTo` is the target of a symlink. */
  #replacing<T>(place: Place, make: () => T, leadsTo?: Uint8Array): T {
    try {
      return make()
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
    this.#makeWay(place, leadsTo)
    return make()
  }

  /** Frees a name; throws MachinePath where a directory stays because of what is in it. */
  #makeWay({ parent, name, host }: Place, leadsTo?: Uint8Array): void {
    const { border } = this.directories
    this.remove(parent, name)
    if (border === undefined || !exists(host)) return
    const path = pathOf(parent, name)
    if (leadsTo === undefined || !this.#moveAlong(path, leadsTo)) {
      throw holdsMachines(path, border.ignored.someBelow(path) ?? path)
    }
    this.directories.drop(parent, name)
  }

  /** Moves what is mounted in a directory where a symlink will lead that takes its place; false when it has to stay. */
  #moveAlong(path: RawPath, leadsTo: Uint8Array): boolean {
    if (this.#onMoved === undefined) return false
    const target = rawPathOf(leadsTo)
    const isAbsolute = leadsTo[0] === slash
    try {
      const from = this.directories.findReal(path)
      if (from === undefined) throw exchanged(path)
      const moves = moveMounts(from, this.directories.make(isAbsolute ? target : joinRaw(parentOf(path), target)))
      for (const move of moves)
        this.#log.debug(`${showPath(move.from)} is now at ${showPath(move.to)}, with what is mounted in it`)
      this.#onMoved(moves)
      return true
    } catch (error) {
      this.#log.debug(`what is mounted in ${showPath(path)} cannot be moved: ${messageOf(error)}`)
      return false
    }
  }

  #directoryAt(path: RawPath): Buffer {
    if (path === '') return hostPath(this.directories.root, '.')
    // With a border it is opened itself, to see which mount it is on.
    const isOpened = this.directories.border !== undefined
    const found = this.directories.findReal(isOpened ? path : parentOf(path))
    if (found === undefined) throw exchanged(path)
    return hostPath(found, isOpened ? '.' : baseName(path))
  }

  #forgetBelow(removed: RawPath): void {
    for (const path of this.#unfinished.keys()) {
      if (path === removed || path.startsWith(`${removed}/`)) this.#unfinished.delete(path)
    }
  }

  #report(unsupported: readonly string[]): void {
    for (const name of unsupported) {
      if (this.#reported.has(name)) continue
      this.#reported.add(name)
      this.#log.warn(
        `the filesystem cannot hold the extended attribute ${JSON.stringify(name)}: files that are changed or copied lose it`,
      )
    }
  }
}

function pathOf(directory: Directory, name: string): RawPath {
  return joinRaw(directory.path, name as RawPath)
}

function exists(host: Buffer): boolean {
  return lstatSync(host, { throwIfNoEntry: false }) !== undefined
}
