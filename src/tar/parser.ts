import { asSize, contentSize, type Description, entryOf, flagOf, nameOf } from './described-entry.ts'
import { Extensions, maxExtensionBytes } from './extensions.ts'
import { FileContent } from './file-content.ts'
import { BadHeader, blockSize, type Header, isZero, readHeader } from './header.ts'
import { invalidTar } from './invalid-tar.ts'
import { Piece, paddingOf } from './piece.ts'
import type { TarSink } from './sink.ts'
import { checkMap, type Fragment, type SparseForm, SparseMap, sparseForm } from './sparse.ts'

export interface TarLimits {
  /** Entries of one archive. */
  readonly maxEntries: number
  /** Bytes of all files together, with the holes of sparse ones. */
  readonly maxBytes: number
}

const defaultLimits: TarLimits = { maxEntries: 5_000_000, maxBytes: 64 * 2 ** 30 }

/** What comes next in the stream. */
type State =
  | { readonly kind: 'header' }
  | { readonly kind: 'extension'; readonly flag: string; readonly body: Piece; readonly size: number }
  | { readonly kind: 'map'; readonly sparse: PendingSparse; readonly map: SparseMap; stored: number; read: number }
  | { readonly kind: 'content'; readonly content: FileContent; readonly padding: number }
  | { readonly kind: 'padding'; left: number }
  | { readonly kind: 'ended' }

interface PendingSparse {
  readonly described: Description
  readonly form: SparseForm
}

const headerNext: State = { kind: 'header' }
const ended: State = { kind: 'ended' }

/** Reads a tar that comes in chunks of any size; see `readTar`. */
export class TarParser {
  readonly #sink: TarSink
  readonly #limits: TarLimits
  readonly #block = new Piece(blockSize)
  readonly #extensions = new Extensions()
  #state: State = headerNext
  #zeroSeen = false
  #entries = 0
  #bytes = 0
  /** Where the current entry began, and how much of the stream came before the current chunk. */
  #start = 0
  #consumed = 0
  /** What of the stream comes after the header or map that is being read. */
  #contentStart = 0
  #name = ''

  constructor(sink: TarSink, limits: Partial<TarLimits> = {}) {
    this.#sink = sink
    this.#limits = { ...defaultLimits, ...limits }
  }

  /** Takes a chunk, or as much of it as until `isOver` says to stop between two entries; gives how many bytes. */
  take(chunk: Buffer, isOver: () => boolean): number {
    let at = 0
    try {
      while (at < chunk.byteLength) {
        at += this.#step(chunk, at)
        if (this.#state === headerNext && isOver()) break
      }
    } catch (error) {
      throw this.#located(error)
    }
    this.#consumed += at
    return at
  }

  /** Says that nothing more will come. Throws when something was still missing. */
  end(): void {
    const { kind } = this.#state
    const partial = kind === 'extension' || kind === 'map' || kind === 'content' || this.#block.filled > 0
    if (!partial) return
    const part = kind === 'header' ? 'a header' : kind === 'content' ? 'the content of a file' : 'an extended header'
    throw this.#located(new BadHeader(`the archive ends in the middle of ${part}`))
  }

  /** Takes what belongs to the current state; gives how many bytes that were. */
  #step(chunk: Buffer, at: number): number {
    const state = this.#state
    switch (state.kind) {
      case 'header':
        return this.#headerPart(chunk, at)
      case 'map': {
        const share = this.#block.share(chunk, at)
        this.#contentStart = this.#consumed + at + share
        const block = this.#block.take(chunk, at)
        if (block !== undefined) this.#mapBlock(state, block)
        return share
      }
      case 'extension': {
        const share = state.body.share(chunk, at)
        const body = state.body.take(chunk, at)
        if (body !== undefined) this.#extended(state, body)
        return share
      }
      case 'content':
        return this.#content(state, chunk, at)
      case 'padding': {
        const share = Math.min(state.left, chunk.byteLength - at)
        state.left -= share
        if (state.left === 0) this.#state = headerNext
        return share
      }
      case 'ended':
        return chunk.byteLength - at
    }
  }

  #headerPart(chunk: Buffer, at: number): number {
    const isNew = this.#block.filled === 0
    if (isNew && this.#extensions.isEmpty) this.#begin(this.#consumed + at)
    this.#contentStart = this.#consumed + at + Math.min(blockSize, this.#block.share(chunk, at))
    if (isNew && chunk.byteLength - at >= blockSize) {
      this.#header(chunk, at)
      return blockSize
    }
    const share = this.#block.share(chunk, at)
    const block = this.#block.take(chunk, at)
    if (block !== undefined) this.#header(block, 0)
    return share
  }

  #begin(start: number): void {
    this.#start = start
    this.#name = ''
  }

  #header(buffer: Buffer, at: number): void {
    if (isZero(buffer, at)) {
      if (this.#zeroSeen) this.#state = ended
      this.#zeroSeen = true
      return
    }
    if (this.#zeroSeen) throw new BadHeader('it follows a block of zeros, which ends an archive')
    const header = readHeader(buffer, at)
    if (Extensions.has(header.flag)) this.#announced(header)
    else this.#own(header)
  }

  #announced(header: Header): void {
    const size = this.#extensions.announce(header)
    const next = { kind: 'extension', flag: header.flag, body: new Piece(size), size } as const
    if (size === 0) this.#extended(next, Buffer.alloc(0))
    else this.#state = next
  }

  #extended({ flag, size }: State & { kind: 'extension' }, body: Buffer): void {
    this.#extensions.add(flag, body)
    this.#skip(paddingOf(size))
  }

  /** Takes an entry's own header, which comes last. */
  #own(header: Header): void {
    const described = this.#extensions.describe(header)
    this.#name = nameOf(described)
    const stored = contentSize(described)
    const form = sparseForm(described.records)
    if (form === undefined) this.#open(described, { stored, size: stored })
    else if (form.map !== undefined) this.#openSparse({ described, form }, stored, form.map)
    else this.#state = { kind: 'map', sparse: { described, form }, map: new SparseMap(), stored, read: 0 }
  }

  #mapBlock(state: State & { kind: 'map' }, block: Buffer): void {
    state.read += blockSize
    if (state.read > maxExtensionBytes) throw new BadHeader(`its sparse map exceeds ${maxExtensionBytes} bytes`)
    if (state.read > state.stored) throw new BadHeader('its sparse map is cut off')
    const map = state.map.add(block)
    if (map !== undefined) this.#openSparse(state.sparse, state.stored - state.read, map)
  }

  #openSparse({ described, form }: PendingSparse, stored: number, map: readonly Fragment[]): void {
    const size = form.size === undefined ? contentSize(described) : asSize(form.size)
    checkMap(map, size)
    const mapped = map.reduce((sum, { length }) => sum + length, 0)
    if (mapped !== stored) throw new BadHeader(`its sparse map is for ${mapped} bytes, and it holds ${stored}`)
    if (flagOf(described) !== '0') throw new BadHeader('it is sparse, which only a file can be')
    this.#open(described, { stored, size, map, form })
  }

  #open(described: Description, shape: EntryShape): void {
    const entry = entryOf(described, shape.size, shape.form)
    this.#entries += 1
    this.#bytes += shape.size
    this.#checkLimits()
    this.#sink.entry(entry, { offset: this.#contentStart, map: shape.map })
    if (entry.type !== 'file') {
      this.#state = headerNext
      return
    }
    const content = new FileContent(this.#sink, shape)
    const padding = paddingOf(shape.stored)
    if (shape.stored === 0) this.#close(content, padding)
    else this.#state = { kind: 'content', content, padding }
  }

  #content(state: State & { kind: 'content' }, chunk: Buffer, at: number): number {
    const { content, padding } = state
    const share = Math.min(content.left, chunk.byteLength - at)
    content.give(chunk, at, at + share)
    if (content.left === 0) this.#close(content, padding)
    return share
  }

  #close(content: FileContent, padding: number): void {
    content.end()
    this.#skip(padding)
  }

  #skip(padding: number): void {
    this.#state = padding === 0 ? headerNext : { kind: 'padding', left: padding }
  }

  #checkLimits(): void {
    const { maxEntries, maxBytes } = this.#limits
    if (this.#entries > maxEntries) throw new BadHeader(`it has more than ${maxEntries} entries`)
    if (this.#bytes > maxBytes) throw new BadHeader(`its files have more than ${maxBytes} bytes together`)
  }

  #located(error: unknown): unknown {
    if (!(error instanceof BadHeader)) return error
    const entry = this.#state.kind === 'content' ? this.#entries : this.#entries + 1
    return invalidTar(error.message, { entry, offset: this.#start, name: this.#name }, error)
  }
}

interface EntryShape {
  readonly stored: number
  readonly size: number
  readonly map?: readonly Fragment[]
  readonly form?: SparseForm
}
