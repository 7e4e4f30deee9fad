/** `[a-z]`, `[^x]`: the characters that one character of a pattern can be. */
export interface CharacterClass {
  readonly negated: boolean
  /** First and last code point of each range. */
  readonly ranges: readonly (readonly [first: number, last: number])[]
}

export interface ReadClass {
  readonly characters: CharacterClass
  /** Index behind the closing bracket. */
  readonly end: number
}

/** Reads the class that opens at `start`, with Go's rules; undefined when it is malformed. */
export function readClass(pattern: readonly string[], start: number): ReadClass | undefined {
  const negated = pattern[start + 1] === '^'
  const ranges: [number, number][] = []
  let at = start + (negated ? 2 : 1)
  while (pattern[at] !== ']' || ranges.length === 0) {
    const first = readCharacter(pattern, at)
    if (first === undefined) return undefined
    const last = pattern[first.end] === '-' ? readCharacter(pattern, first.end + 1) : first
    if (last === undefined) return undefined
    ranges.push([first.code, last.code])
    at = last.end
  }
  return { characters: { negated, ranges }, end: at + 1 }
}

export function isInClass(character: string, { negated, ranges }: CharacterClass): boolean {
  const code = character.codePointAt(0) ?? 0
  return ranges.some(([first, last]) => first <= code && code <= last) !== negated
}

/** A character of a class; a backslash makes any one plain. */
function readCharacter(
  pattern: readonly string[],
  start: number,
): { readonly code: number; readonly end: number } | undefined {
  const at = pattern[start] === '\\' ? start + 1 : start
  const character = pattern[at]
  if (character === undefined || (at === start && (character === '-' || character === ']'))) return undefined
  return { code: character.codePointAt(0) ?? 0, end: at + 1 }
}
