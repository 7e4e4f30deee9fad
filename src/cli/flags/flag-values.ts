import { HearthError, messageOf } from '../../errors.ts'
import { parseDuration } from './duration.ts'
import { type Flag, type FlagKind, flagLabel } from './flag.ts'
import { parseBoolean, parseInteger, parseSize } from './scalars.ts'
import { wrongUsage } from './usage.ts'

/** What a command line says: the value of every flag, its default where it was not given. */
export class FlagValues {
  readonly #flags: ReadonlyMap<string, Flag>
  readonly #given: ReadonlyMap<string, readonly string[]>

  /** `given` holds every value of a flag in the order written, each one checked. */
  constructor(flags: readonly Flag[], given: ReadonlyMap<string, readonly string[]>) {
    this.#flags = new Map(flags.map((flag) => [flag.name, flag]))
    this.#given = given
  }

  has(name: string): boolean {
    return this.#flags.has(name)
  }

  isGiven(name: string): boolean {
    return this.#given.has(name)
  }

  /** False for a flag that this command does not have. */
  boolean(name: string): boolean {
    return this.has(name) && parseBoolean(this.#last(name, 'boolean') || 'false')
  }

  text(name: string): string {
    return this.#last(name, 'text')
  }

  /** Undefined when it was not given, or given empty. */
  optional(name: string): string | undefined {
    const value = this.#last(name, 'text')
    return value === '' ? undefined : value
  }

  integer(name: string): number {
    return parseInteger(this.#last(name, 'integer'))
  }

  /** An integer of which there cannot be less than none. */
  count(name: string): number {
    return this.#notNegative(name, 'integer', this.integer(name))
  }

  /** A length of time. */
  milliseconds(name: string): number {
    return this.#notNegative(name, 'duration', parseDuration(this.#last(name, 'duration')))
  }

  /** A number of bytes; undefined when it was not given, or given empty. */
  bytes(name: string): number | undefined {
    const text = this.#last(name, 'size')
    return text === '' ? undefined : parseSize(text)
  }

  list(name: string): readonly string[] {
    this.#flag(name, 'list')
    return this.#given.get(name) ?? []
  }

  #notNegative(name: string, kind: FlagKind, value: number): number {
    if (value >= 0) return value
    throw invalidArgument(this.#flag(name, kind), this.#last(name, kind), 'it must not be negative')
  }

  #last(name: string, kind: FlagKind): string {
    const flag = this.#flag(name, kind)
    return this.#given.get(name)?.at(-1) ?? flag.default ?? ''
  }

  #flag(name: string, kind: FlagKind): Flag {
    const flag = this.#flags.get(name)
    if (flag?.kind === kind) return flag
    throw new HearthError({ code: 'internal', message: `There is no ${kind} flag --${name}` })
  }
}

/** Throws, in pflag's words, unless a flag can have this value. */
export function checkValue(flag: Flag, text: string): void {
  try {
    if (flag.kind === 'boolean') parseBoolean(text)
    if (flag.kind === 'integer') parseInteger(text)
    if (flag.kind === 'duration') parseDuration(text)
    if (flag.kind === 'size' && text !== '') parseSize(text)
    if (flag.choices !== undefined && !flag.choices.includes(text)) {
      throw new Error(`it must be one of ${flag.choices.join(', ')}`)
    }
  } catch (error) {
    throw invalidArgument(flag, text, messageOf(error))
  }
}

export function invalidArgument(flag: Flag, text: string, why: string): HearthError {
  return wrongUsage(`invalid argument ${JSON.stringify(text)} for "${flagLabel(flag)}" flag: ${why}`)
}
