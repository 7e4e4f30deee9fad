import { createHash } from 'node:crypto'
import { closeSync, openSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { LRUCache } from 'lru-cache'
import { ProtocolError } from './failure.ts'
import { applyDelta, type EntryHead, longestHead, type ObjectType, readEntryHead } from './pack-entry.ts'
import { PackWindow } from './pack-window.ts'

export interface GitObject {
  readonly type: ObjectType
  readonly data: Buffer
}

/** Where an object is in the file of a pack. */
export interface PackEntry extends EntryHead {
  readonly offset: number
  readonly end: number
}

const headSize = 12
const trailerSize = 20
const rememberedBytes = 64 << 20

/** The objects of a pack by their names, read from its file when they are asked for. */
export class Pack implements Disposable {
  readonly window: PackWindow
  /** By name: 40 hexadecimal digits. */
  readonly entries = new Map<string, PackEntry>()
  readonly #descriptor: number
  readonly #byOffset = new Map<number, PackEntry>()
  readonly #recent = new LRUCache<number, GitObject>({
    maxSize: rememberedBytes,
    sizeCalculation: ({ data }) => data.length + 1,
  })

  private constructor(descriptor: number) {
    this.#descriptor = descriptor
    this.window = new PackWindow(descriptor)
  }

  /** Reads a whole pack once, and finds out the name of each object: what is in it is what the names say. */
  static async open(path: string, options: { readonly signal?: AbortSignal | undefined } = {}): Promise<Pack> {
    const pack = new Pack(openSync(path, 'r'))
    try {
      await pack.#index(options.signal)
      return pack
    } catch (error) {
      pack[Symbol.dispose]()
      throw error
    }
  }

  /** The object of a name, which must be of a type. */
  object(name: string, type: ObjectType): Buffer {
    const found = this.find(name)
    if (found?.type === type) return found.data
    throw new ProtocolError(`the pack holds no ${type} ${name}`)
  }

  find(name: string): GitObject | undefined {
    const entry = this.entries.get(name)
    return entry === undefined ? undefined : this.#read(entry)
  }

  [Symbol.dispose](): void {
    closeSync(this.#descriptor)
  }

  async #index(signal: AbortSignal | undefined): Promise<void> {
    const head = this.window.bytes(0, headSize)
    if (head.length < headSize || head.toString('latin1', 0, 4) !== 'PACK' || head.readUInt32BE(4) !== 2) {
      throw new ProtocolError('the pack is damaged: it has no head')
    }
    const pending: PackEntry[] = []
    let offset = headSize
    for (let left = head.readUInt32BE(8), count = 0; left > 0; left--) {
      if (++count % 256 === 0) await turn(signal)
      const entryHead = readEntryHead(this.window.bytes(offset, longestHead))
      const { data, end } = this.window.inflate(offset + entryHead.length, entryHead.size)
      const entry = { ...entryHead, offset, end }
      this.#byOffset.set(offset, entry)
      if (entry.type === undefined) pending.push(entry)
      else this.entries.set(nameOf({ type: entry.type, data }), entry)
      offset = end
    }
    if (offset !== this.window.size - trailerSize) throw new ProtocolError('the pack is damaged: it ends elsewhere')
    await this.#nameDeltas(pending, signal)
  }

  /** A base may stand behind what needs it, and need another one itself. */
  async #nameDeltas(pending: readonly PackEntry[], signal: AbortSignal | undefined): Promise<void> {
    let left = pending
    while (left.length > 0) {
      const later: PackEntry[] = []
      for (const [count, entry] of left.entries()) {
        if (count % 256 === 255) await turn(signal)
        const object = this.#read(entry)
        if (object === undefined) later.push(entry)
        else this.entries.set(nameOf(object), entry)
      }
      if (later.length === left.length) throw new ProtocolError('the pack is damaged: the base of an object is missing')
      left = later
    }
  }

  /** Undefined while a base of it has no name yet. */
  #read(entry: PackEntry): GitObject | undefined {
    const deltas: PackEntry[] = []
    let at: PackEntry = entry
    let object = this.#recent.get(at.offset)
    while (object === undefined && at.type === undefined) {
      deltas.push(at)
      const base =
        at.baseObject === undefined
          ? this.#byOffset.get(at.offset - (at.baseDistance ?? 0))
          : this.entries.get(at.baseObject)
      if (base === undefined && at.baseObject !== undefined) return undefined
      if (base === undefined || base === at)
        throw new ProtocolError('the pack is damaged: the base of an object is missing')
      at = base
      object = this.#recent.get(at.offset)
    }
    if (object === undefined && at.type !== undefined) {
      object = this.#remember(at, { type: at.type, data: this.#inflate(at) })
    }
    for (const delta of deltas.reverse()) {
      if (object === undefined) break
      object = this.#remember(delta, { type: object.type, data: applyDelta(object.data, this.#inflate(delta)) })
    }
    return object
  }

  #inflate(entry: PackEntry): Buffer {
    return this.window.inflate(entry.offset + entry.length, entry.size).data
  }

  #remember(entry: PackEntry, object: GitObject): GitObject {
    this.#recent.set(entry.offset, object)
    return object
  }
}

async function turn(signal: AbortSignal | undefined): Promise<void> {
  await nextTurn()
  signal?.throwIfAborted()
}

function nameOf({ type, data }: GitObject): string {
  return createHash('sha1').update(`${type} ${data.length}\0`).update(data).digest('hex')
}
