import { type PatternPiece, progressAfter, readPattern } from './path-pattern.ts'

/** One line of an ignore file, compiled. */
export interface IgnorePattern {
  /** Written with "!": what it matches is not ignored after all. */
  readonly isException: boolean
  matches(path: string): boolean
  /** Whether some path below a directory can match. */
  canMatchBelow(directory: string): boolean
}

/** Compiles a clean pattern with the rules of Docker's ignore files; undefined when it is malformed. */
export function compileIgnorePattern(pattern: string): IgnorePattern | undefined {
  const isException = pattern.startsWith('!')
  const text = isException ? pattern.slice(1) : pattern
  const pieces = withSuffixRule(text, readPattern(text, { doubleStar: true }))
  if (pieces === undefined) return undefined
  const start = literal(pieces)
  const end = literal(pieces.toReversed(), true)
  const isLiteral = pieces.every(({ kind }) => kind === 'character')
  return {
    isException,
    matches: isLiteral
      ? (path) => path === start
      : (path) => path.startsWith(start) && path.endsWith(end) && progressAfter(pieces, path).has(pieces.length),
    canMatchBelow: (directory) => progressAfter(pieces, `${directory}/`).size > 0,
  }
}

/** `**name`, with nothing else that is special, matches at the end of a name as well. */
function withSuffixRule(
  text: string,
  pieces: readonly PatternPiece[] | undefined,
): readonly PatternPiece[] | undefined {
  if (pieces === undefined || !/^\*\*[^/]/.test(text) || /[*?[\]\\]/.test(text.slice(2))) return pieces
  return [{ kind: 'anything' }, ...pieces.slice(1)]
}

/** The plain characters at the beginning. */
function literal(pieces: readonly PatternPiece[], backwards = false): string {
  const characters: string[] = []
  for (const piece of pieces) {
    if (piece.kind !== 'character') break
    characters.push(piece.character)
  }
  return (backwards ? characters.reverse() : characters).join('')
}
