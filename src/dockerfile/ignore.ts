import { normalize } from 'node:path/posix'
import { HearthError } from '../errors.ts'
import { malformedPattern } from './glob.ts'
import { compileIgnorePattern, type IgnorePattern } from './ignore-pattern.ts'
import { trim } from './whitespace.ts'

/** Tells which files an ignore file keeps out. Paths are relative to the context, clean, and have no leading slash. */
export interface IgnoreMatcher {
  ignores(path: string): boolean
  /** Whether a directory is ignored and nothing below it can be wanted: it needs no look. */
  prunes(directory: string): boolean
  /** Whether some pattern takes files in again ("!"). */
  readonly hasExceptions: boolean
}

/** Reads a .dockerignore. Throws HearthError "context-ignore" for a malformed pattern. */
export function parseIgnoreFile(text: string): IgnoreMatcher {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split('\n')
  const patterns = lines.flatMap((line, index) => {
    const pattern = line.startsWith('#') ? '' : cleanPattern(trim(line))
    return pattern === '' ? [] : [compile(pattern, index + 1)]
  })
  return new PatternList(patterns)
}

/** Reads patterns that stand one by one, by the same rules. Throws HearthError "copy-source" for a malformed one. */
export function ignoreMatcherOf(texts: readonly string[]): IgnoreMatcher {
  const patterns = texts.map((text) => cleanPattern(trim(text))).filter((pattern) => pattern !== '')
  return new PatternList(
    patterns.map((pattern) => {
      const compiled = pattern === '!' ? undefined : compileIgnorePattern(pattern)
      if (compiled === undefined) throw malformedPattern(pattern)
      return compiled
    }),
  )
}

/** As a path from the context: "/a/", "./a" and "b/../a" are "a". */
function cleanPattern(line: string): string {
  if (line.startsWith('!')) {
    const pattern = trim(line.slice(1))
    return `!${pattern === '' ? '' : cleanPath(pattern)}`
  }
  return line === '' ? '' : cleanPath(line)
}

function cleanPath(path: string): string {
  const clean = normalize(path)
  if (clean === '/') return clean
  return clean.slice(clean.startsWith('/') ? 1 : 0, clean.endsWith('/') ? -1 : undefined)
}

function compile(pattern: string, line: number): IgnorePattern {
  const compiled = pattern === '!' ? undefined : compileIgnorePattern(pattern)
  if (compiled !== undefined) return compiled
  throw new HearthError({
    code: 'context-ignore',
    message: `line ${line} is not a valid pattern: ${pattern}`,
    fix: 'Put a backslash before a character that is to stand for itself.',
  })
}

interface Verdict {
  readonly isIgnored: boolean
  /** Which patterns match the path or a directory above it. */
  readonly matched: readonly boolean[]
}

const rememberedDirectories = 4096

class PatternList implements IgnoreMatcher {
  readonly #patterns: readonly IgnorePattern[]
  readonly #exceptions: readonly IgnorePattern[]
  readonly #directories = new Map<string, Verdict>()

  constructor(patterns: readonly IgnorePattern[]) {
    this.#patterns = patterns
    this.#exceptions = patterns.filter((pattern) => pattern.isException)
  }

  get hasExceptions(): boolean {
    return this.#exceptions.length > 0
  }

  ignores(path: string): boolean {
    if (this.#patterns.length === 0 || path === '' || path === '.') return false
    const slash = path.lastIndexOf('/')
    return this.#judge(path, slash < 0 ? nothingMatched : this.#judgeDirectory(path.slice(0, slash))).isIgnored
  }

  prunes(directory: string): boolean {
    if (this.#patterns.length === 0 || directory === '' || directory === '.') return false
    if (!this.#judgeDirectory(directory).isIgnored) return false
    return !this.#exceptions.some((pattern) => pattern.canMatchBelow(directory))
  }

  #judgeDirectory(directory: string): Verdict {
    const known = this.#directories.get(directory)
    if (known !== undefined) return known
    let verdict = nothingMatched
    for (let end = directory.indexOf('/'); ; end = directory.indexOf('/', end + 1)) {
      const path = end < 0 ? directory : directory.slice(0, end)
      verdict = this.#directories.get(path) ?? this.#remember(path, this.#judge(path, verdict))
      if (end < 0) return verdict
    }
  }

  #remember(directory: string, verdict: Verdict): Verdict {
    if (this.#directories.size >= rememberedDirectories) this.#directories.clear()
    this.#directories.set(directory, verdict)
    return verdict
  }

  /** The last pattern that matches decides. One that matched a directory matches all that is in it. */
  #judge(path: string, parent: Verdict): Verdict {
    if (parent.isIgnored && this.#exceptions.length === 0) return parent
    let isIgnored = false
    const matched = this.#patterns.map((pattern, i) => {
      const decides = pattern.isException === isIgnored
      const matches = parent.matched[i] === true || (decides && pattern.matches(path))
      if (matches) isIgnored = !pattern.isException
      return matches
    })
    return { isIgnored, matched }
  }
}

const nothingMatched: Verdict = { isIgnored: false, matched: [] }
