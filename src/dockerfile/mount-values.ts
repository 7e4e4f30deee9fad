import { parseByteSize } from './byte-size.ts'
import { goBoolean, type KeyValue } from './key-values.ts'
import type { MountOwner } from './mount.ts'
import { syntaxError } from './syntax-error.ts'

/** The values of one mount, by key. Of a key that was given several times the last one counts, as in BuildKit. */
export class MountValues {
  /** What messages begin with: "RUN --mount=type=cache". */
  readonly #what: string
  readonly #values: ReadonlyMap<string, string | undefined>
  /** Whether the last word about writing is that there is none; undefined where nothing is said. */
  readonly #readOnly: boolean | undefined

  constructor(what: string, fields: readonly KeyValue[]) {
    this.#what = what
    this.#values = new Map(fields.map(({ key, value }) => [key, value]))
    const last = fields.findLast(({ key }) => key === 'ro' || key === 'rw')
    this.#readOnly = last === undefined ? undefined : this.flag(last.key) === (last.key === 'ro')
  }

  optional(key: string): string | undefined {
    const value = this.#values.get(key)
    if (value === undefined && this.#values.has(key)) throw this.wrong(key, 'it needs a value')
    return value
  }

  text(key: string): string {
    return this.optional(key) ?? ''
  }

  /** The mount's place, which has to be given. */
  target(): string {
    const target = this.text('target')
    if (target !== '') return target
    throw syntaxError(`${this.#what} has no target`, { fix: 'Add target=PATH, where the command finds it.' })
  }

  /** A key without a value says yes. */
  flag(key: string): boolean {
    if (!this.#values.has(key)) return false
    const value = goBoolean(this.#values.get(key) ?? 'true')
    if (value === undefined) throw this.wrong(key, 'it is true or false')
    return value
  }

  readOnly(usual: boolean): boolean {
    return this.#readOnly ?? usual
  }

  /** For what cannot be written to in any case. */
  alwaysReadOnly(): void {
    if (!this.readOnly(true)) throw this.wrong('ro', 'it can only be read')
  }

  choice<T extends string>(key: string, choices: readonly T[]): T | undefined {
    const value = this.optional(key)
    if (value === undefined) return undefined
    const chosen = choices.find((choice) => choice === value.toLowerCase())
    if (chosen === undefined) throw this.wrong(key, `it is one of ${choices.join(', ')}`)
    return chosen
  }

  /** Bytes: "100", "64m", "1.5g"; a unit is a power of 1024. */
  size(): number | undefined {
    const value = this.optional('size')
    if (value === undefined) return undefined
    const bytes = parseByteSize(value)
    if (bytes !== undefined) return bytes
    throw this.wrong('size', 'it is a number of bytes, or one with the unit k, m, g, t or p')
  }

  owner(): MountOwner {
    return {
      mode: this.#number('mode', /^[0-7]{1,5}$/, { base: 8, most: 0o7777, is: 'it is octal, at most 7777' }),
      uid: this.#id('uid'),
      gid: this.#id('gid'),
    }
  }

  /** What is wrong about the value of a key. */
  wrong(key: string, why: string): Error {
    const value = this.#values.get(key)
    return syntaxError(`${this.#what}: ${value === undefined ? key : `${key}=${value}`} is not possible`, { why })
  }

  #id(key: string): number | undefined {
    const most = 0xffff_fffe
    return this.#number(key, /^\d{1,10}$/, { base: 10, most, is: 'it is a number below 4294967295' })
  }

  #number(
    key: string,
    pattern: RegExp,
    { base, most, is }: { readonly base: number; readonly most: number; readonly is: string },
  ): number | undefined {
    const value = this.optional(key)
    if (value === undefined) return undefined
    const number = pattern.test(value) ? Number.parseInt(value, base) : Number.POSITIVE_INFINITY
    if (number > most) throw this.wrong(key, is)
    return number
  }
}
