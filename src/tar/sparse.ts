import { BadHeader } from './header.ts'
import { type HeaderNumber, readDecimal } from './numbers.ts'
import type { PaxRecords } from './pax.ts'

/** A stretch of a sparse file that the archive holds bytes for; everything between is zeros. */
export interface Fragment {
  readonly offset: number
  readonly length: number
}

/** How the records of an entry describe a sparse file. */
export interface SparseForm {
  readonly name: string | undefined
  /** Size with the holes. */
  readonly size: HeaderNumber | undefined
  /** Undefined when the map stands before the content. */
  readonly map: readonly Fragment[] | undefined
}

/** What the records say about a sparse file, or undefined when they describe none, or one of an unknown form. */
export function sparseForm(records: PaxRecords): SparseForm | undefined {
  const mapFirst = isMapFirst(records)
  if (mapFirst === undefined) return undefined
  const size = records.get('GNU.sparse.size') || records.get('GNU.sparse.realsize')
  return {
    name: records.get('GNU.sparse.name') || undefined,
    size: size ? decimal(size) : undefined,
    map: mapFirst ? undefined : mapFromRecords(records),
  }
}

function isMapFirst(records: PaxRecords): boolean | undefined {
  const major = records.get('GNU.sparse.major') ?? ''
  const minor = records.get('GNU.sparse.minor') ?? ''
  if (major === '0' && (minor === '0' || minor === '1')) return false
  if (major === '1' && minor === '0') return true
  if (major !== '' || minor !== '') return undefined
  return records.get('GNU.sparse.map') ? false : undefined
}

function mapFromRecords(records: PaxRecords): readonly Fragment[] {
  const count = decimal(records.get('GNU.sparse.numblocks') ?? '')
  const map = records.get('GNU.sparse.map') ?? ''
  const numbers = map === '' ? [] : map.split(',')
  if (numbers.length !== Number(count) * 2) throw new BadHeader('its sparse map has another length than it says')
  return fragments(numbers)
}

/** Gathers the map that stands before a file's content, block by block: decimal numbers, each with a line end. */
export class SparseMap {
  #text = ''
  #lines = 0
  #wanted = 1
  #count: number | undefined

  /** Takes one block; the map once it is complete. */
  add(block: Buffer): readonly Fragment[] | undefined {
    const text = block.toString('latin1')
    this.#text += text
    this.#lines += text.split('\n').length - 1
    if (this.#count === undefined && this.#lines > 0) {
      const count = decimal(this.#text.slice(0, this.#text.indexOf('\n')))
      // A map of more lines would not fit in the size that is allowed for it.
      if (typeof count !== 'number' || count < 0) throw new BadHeader('its sparse map has no valid length')
      this.#count = count
      this.#wanted = 1 + 2 * count
    }
    if (this.#count === undefined || this.#lines < this.#wanted) return undefined
    return fragments(this.#text.split('\n').slice(1, this.#wanted))
  }
}

/** Checks that a map is in order, without overlaps and within the file's size. */
export function checkMap(map: readonly Fragment[], size: number): void {
  let end = 0
  for (const { offset, length } of map) {
    if (offset < end || length < 0 || offset + length > size) throw new BadHeader('its sparse map is out of order')
    end = offset + length
  }
}

function fragments(numbers: readonly string[]): readonly Fragment[] {
  const found: Fragment[] = []
  for (let i = 0; i < numbers.length; i += 2) {
    const [offset, length] = [decimal(numbers[i] ?? ''), decimal(numbers[i + 1] ?? '')]
    if (typeof offset !== 'number' || typeof length !== 'number') throw new BadHeader('its sparse map is out of range')
    found.push({ offset, length })
  }
  return found
}

function decimal(text: string): HeaderNumber {
  const value = readDecimal(text)
  if (value === undefined) throw new BadHeader('its sparse map holds something that is no number')
  return value
}
