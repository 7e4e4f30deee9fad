import { HearthError } from '../errors.ts'

/** One character of a pattern; undefined stands for "?", which is any character. */
type PatternCharacter = string | undefined

/** What stands between the stars of a pattern. */
type Segments = readonly (readonly PatternCharacter[])[]

/** The value without its shortest or longest beginning that matches. */
export function trimPrefix(value: string, pattern: string, options: { readonly longest: boolean }): string {
  const characters = [...value]
  const end = matchFrom(characters, { segments: parsePattern(pattern), start: 0, ...options })
  return end === undefined ? value : characters.slice(end).join('')
}

/** The value without its shortest or longest ending that matches. */
export function trimSuffix(value: string, pattern: string, options: { readonly longest: boolean }): string {
  const backwards = [...value].reverse()
  const segments = parsePattern(pattern)
    .map((segment) => segment.toReversed())
    .reverse()
  const end = matchFrom(backwards, { segments, start: 0, ...options })
  return end === undefined ? value : backwards.slice(end).reverse().join('')
}

export interface Replacing {
  readonly pattern: string
  readonly replacement: string
  /** Every match instead of the first. */
  readonly all: boolean
}

/** The value with its matches replaced; each match starts as early and is as long as possible. */
export function replacePattern(value: string, { pattern, replacement, all }: Replacing): string {
  const characters = [...value]
  const segments = parsePattern(pattern)
  const parts: string[] = []
  let rest = 0
  let start = 0
  let previousEnd = -1
  while (start <= characters.length) {
    const end = matchFrom(characters, { segments, start, longest: true })
    if (end === undefined) {
      if (segments.length > 1 && beginsAt(characters, segments, start)) break
      start++
      continue
    }
    // An empty match right behind another one is none.
    if (end > start || start !== previousEnd) {
      parts.push(characters.slice(rest, start).join(''), replacement)
      rest = end
      previousEnd = end
      if (!all) break
    }
    start = Math.max(end, start + (end === start ? 1 : 0))
  }
  return parts.join('') + characters.slice(rest).join('')
}

interface Search {
  readonly segments: Segments
  readonly start: number
  readonly longest: boolean
}

/** Where a match that begins at `start` ends. Looks at each character a bounded number of times, whatever the stars. */
function matchFrom(characters: readonly string[], { segments, start, longest }: Search): number | undefined {
  const [first = [], ...others] = segments
  if (!matchesAt(characters, first, start)) return undefined
  const last = others.pop()
  let end = start + first.length
  for (const segment of others) {
    const found = findForward(characters, segment, end)
    if (found === undefined) return undefined
    end = found + segment.length
  }
  if (last === undefined) return end
  const found = longest ? findBackward(characters, last, end) : findForward(characters, last, end)
  return found === undefined ? undefined : found + last.length
}

function beginsAt(characters: readonly string[], [first = []]: Segments, start: number): boolean {
  return matchesAt(characters, first, start)
}

function findForward(
  characters: readonly string[],
  segment: readonly PatternCharacter[],
  from: number,
): number | undefined {
  for (let at = from; at + segment.length <= characters.length; at++) if (matchesAt(characters, segment, at)) return at
  return undefined
}

function findBackward(
  characters: readonly string[],
  segment: readonly PatternCharacter[],
  from: number,
): number | undefined {
  for (let at = characters.length - segment.length; at >= from; at--) if (matchesAt(characters, segment, at)) return at
  return undefined
}

function matchesAt(characters: readonly string[], segment: readonly PatternCharacter[], at: number): boolean {
  if (at + segment.length > characters.length) return false
  return segment.every((wanted, i) => wanted === undefined || wanted === characters[at + i])
}

/** "*" is any text and "?" any character; a backslash takes their meaning, or is needed for "}" and "/". */
function parsePattern(pattern: string): Segments {
  const segments: PatternCharacter[][] = [[]]
  const characters = [...pattern]
  for (let at = 0; at < characters.length; at++) {
    let char = characters[at] as string
    if (char === '*') {
      segments.push([])
      continue
    }
    const isAny = char === '?'
    if (char === '\\') {
      at++
      char = characters[at] ?? ''
      if (char === '' || !'*?\\}/'.includes(char)) throw badPattern(pattern)
    }
    segments.at(-1)?.push(isAny ? undefined : char)
  }
  return segments
}

function badPattern(pattern: string): HearthError {
  return new HearthError({
    code: 'dockerfile-expansion',
    message: `cannot expand a variable: "${pattern}" is not a valid pattern`,
    why: 'a backslash can only stand before one of * ? \\ / }',
  })
}
