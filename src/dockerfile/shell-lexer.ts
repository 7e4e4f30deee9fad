import { HearthError } from '../errors.ts'
import type { EscapeCharacter } from './instruction.ts'
import { replacePattern, trimPrefix, trimSuffix } from './shell-pattern.ts'
import { isSpace } from './whitespace.ts'
import { WordCollector } from './word-collector.ts'

/** Looks a variable up; undefined when it is not set. */
export type Scope = (name: string) => string | undefined

export interface LexerOptions {
  readonly escape: EscapeCharacter
  readonly scope: Scope
  /** Quotes mean nothing, as in a heredoc. */
  readonly plainQuotes?: boolean
  /** Quotes stay in the result. */
  readonly keepQuotes?: boolean
  /** Escape characters stay in the result. */
  readonly keepEscapes?: boolean
  /** A variable that is not set stays as it is written. */
  readonly keepUnset?: boolean
}

export interface Lexed {
  /** The whole text with everything expanded. */
  readonly text: string
  /** The same, split at the blanks outside of quotes. */
  readonly words: readonly string[]
}

/** Reads a text as a shell reads a word: quotes, escapes and variables. Throws "dockerfile-expansion". */
export function lex(source: string, options: LexerOptions): Lexed {
  return new ShellLexer(source, options).all()
}

const maxDepth = 100
const digits = /\p{Nd}+/uy
const identifier = /[\p{L}_][\p{L}\p{Nd}_]*/uy
const specialNames = '@*#?-$!'

class ShellLexer {
  readonly #source: string
  readonly #options: LexerOptions
  #at = 0
  #depth = 0
  #keepEscapes: boolean

  constructor(source: string, options: LexerOptions) {
    this.#source = source
    this.#options = options
    this.#keepEscapes = options.keepEscapes ?? false
  }

  all(): Lexed {
    return this.#until(undefined)
  }

  /** Reads up to a character and over it, or up to the end. */
  #until(stop: string | undefined): Lexed {
    const words = new WordCollector()
    let text = ''
    const take = (part: string, splits: boolean): void => {
      text += part
      if (splits) words.add(part)
      else words.addWhole(part)
    }
    while (this.#at < this.#source.length) {
      const char = this.#peek()
      if (char === stop) {
        this.#at++
        return { text, words: words.end() }
      }
      if (char === '$') take(this.#dollar(), true)
      else if ((char === "'" || char === '"') && this.#options.plainQuotes !== true) take(this.#quoted(char), false)
      else if (char === '<') take(this.#lessThan(), false)
      else if (char === this.#options.escape) take(this.#escaped(), false)
      else take(this.#next(), true)
    }
    if (stop !== undefined) throw this.#bad(`it has no closing "${stop}"`)
    return { text, words: words.end() }
  }

  #escaped(): string {
    const mark = this.#next()
    const char = this.#next()
    return this.#keepEscapes ? mark + char : char
  }

  /** "<<" stays in one word with the name that follows, blanks between or not. */
  #lessThan(): string {
    const start = this.#at
    this.#at++
    if (this.#peek() !== '<') return '<'
    this.#at++
    const name = this.#peek() === '-' ? this.#at + 1 : this.#at
    let end = name
    while (isSpace(this.#source.charCodeAt(end))) end++
    if (end > name || name === this.#at) this.#at = end
    return this.#source.slice(start, this.#at)
  }

  #quoted(quote: string): string {
    this.#at++
    const value = quote === "'" ? this.#singleQuoted() : this.#doubleQuoted()
    return this.#options.keepQuotes === true ? quote + value + quote : value
  }

  #singleQuoted(): string {
    const end = this.#source.indexOf("'", this.#at)
    if (end < 0) throw this.#bad("it has no closing '")
    const value = this.#source.slice(this.#at, end)
    this.#at = end + 1
    return value
  }

  #doubleQuoted(): string {
    const mark = this.#options.escape
    let value = ''
    for (;;) {
      const char = this.#peek()
      if (char === undefined) throw this.#bad('it has no closing "')
      if (char === '$') value += this.#dollar()
      else {
        this.#at++
        if (char === '"') return value
        const next = this.#peek()
        const escapes = char === mark && (next === '"' || next === '$' || next === mark)
        if (!escapes || this.#keepEscapes) value += char
        if (escapes) value += this.#next()
      }
    }
  }

  #dollar(): string {
    const start = this.#at
    this.#at++
    if (this.#peek() === '{') return this.#braced(start)
    const name = this.#name()
    if (name === '') return '$'
    return this.#options.scope(name) ?? this.#unset(start)
  }

  #braced(start: number): string {
    this.#at++
    const first = this.#peek()
    if (first === '{' || first === '}' || first === ':') throw this.#bad('it is a bad substitution')
    const name = this.#name()
    const value = this.#options.scope(name)
    const modifier = this.#next()
    if (modifier === '}') return value ?? this.#unset(start)
    this.#depth++
    if (this.#depth > maxDepth) throw this.#bad(`it is nested more than ${maxDepth} times`)
    const expanded =
      modifier === '/'
        ? this.#replaced(value ?? '')
        : this.#modified({ name, value, colon: modifier === ':' }, modifier)
    this.#depth--
    return value === undefined && this.#options.keepUnset === true ? this.#unset(start) : expanded
  }

  #modified(variable: Variable, first: string): string {
    const { name, value, colon } = variable
    const operator = colon ? this.#next() : first
    if (operator === '') throw this.#bad('it has no closing "}"')
    if (!'-+?#%'.includes(operator)) throw this.#bad(`it has an unsupported modifier (${colon ? ':' : ''}${operator})`)
    const isPattern = operator === '#' || operator === '%'
    const word = this.#nested('}', isPattern)
    const isMissing = value === undefined || (colon && value === '')
    switch (operator) {
      case '-':
        return isMissing ? word : value
      case '+':
        return isMissing ? '' : word
      case '?':
        if (!isMissing || this.#options.keepUnset === true) return value ?? ''
        throw this.#bad(`${name}: ${word || `is not allowed to be ${value === undefined ? 'unset' : 'empty'}`}`)
      default:
        return trimmed(value ?? '', operator, word)
    }
  }

  #replaced(value: string): string {
    const all = this.#peek() === '/'
    if (all) this.#at++
    const pattern = this.#nested('/', true)
    const replacement = this.#nested('}', true)
    return replacePattern(value, { pattern, replacement, all })
  }

  #nested(stop: string, keepEscapes: boolean): string {
    const before = this.#keepEscapes
    this.#keepEscapes = keepEscapes || (this.#options.keepEscapes ?? false)
    const { text } = this.#until(stop)
    this.#keepEscapes = before
    return text
  }

  /** A variable's name, a number, a single special character; empty when there is none of them. */
  #name(): string {
    const first = this.#peek() ?? ''
    if (first !== '' && specialNames.includes(first)) return this.#next()
    for (const pattern of [digits, identifier]) {
      pattern.lastIndex = this.#at
      const match = pattern.exec(this.#source)?.[0]
      if (match === undefined) continue
      this.#at += match.length
      return match
    }
    return ''
  }

  #unset(start: number): string {
    return this.#options.keepUnset === true ? this.#source.slice(start, this.#at) : ''
  }

  #peek(): string | undefined {
    return this.#source[this.#at]
  }

  /** The next character, or '' at the end. */
  #next(): string {
    return this.#source[this.#at++] ?? ''
  }

  #bad(why: string): HearthError {
    const shown = this.#source.length > 200 ? `${this.#source.slice(0, 200)}…` : this.#source
    return new HearthError({
      code: 'dockerfile-expansion',
      message: `cannot expand ${shown}`,
      why,
      marks: this.#source,
    })
  }
}

interface Variable {
  readonly name: string
  readonly value: string | undefined
  /** Written with ":": an empty value counts as unset. */
  readonly colon: boolean
}

/** "#" and "%" drop the shortest match from an end, "##" and "%%" the longest. */
function trimmed(value: string, operator: string, word: string): string {
  const longest = word.startsWith(operator)
  const pattern = longest ? word.slice(1) : word
  return operator === '#' ? trimPrefix(value, pattern, { longest }) : trimSuffix(value, pattern, { longest })
}
