import { type CharacterClass, isInClass, readClass } from './character-class.ts'

/** A piece of a pattern for paths. */
export type PatternPiece =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'class'; readonly characters: CharacterClass }
  /** `?`: any character but a slash. */
  | { readonly kind: 'one' }
  /** `*`: any number of them. */
  | { readonly kind: 'some' }
  /** `**` at the end: anything at all. */
  | { readonly kind: 'anything' }
  /** `**` before more: nothing, or anything that ends with a slash. */
  | { readonly kind: 'directories' }

/** Reads a pattern with the rules of Go's filepath.Match; undefined when it is malformed. */
export function readPattern(
  pattern: string,
  rules: { readonly doubleStar: boolean },
): readonly PatternPiece[] | undefined {
  const characters = [...pattern]
  const pieces: PatternPiece[] = []
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at] as string
    if (character === '*' && rules.doubleStar && characters[at + 1] === '*') {
      at += characters[at + 2] === '/' ? 2 : 1
      pieces.push({ kind: at + 1 < characters.length ? 'directories' : 'anything' })
    } else if (character === '*') pieces.push({ kind: 'some' })
    else if (character === '?') pieces.push({ kind: 'one' })
    else if (character === '[') {
      const read = readClass(characters, at)
      if (read === undefined) return undefined
      pieces.push({ kind: 'class', characters: read.characters })
      at = read.end - 1
    } else {
      if (character === '\\') at++
      const plain = characters[at]
      if (plain === undefined) return undefined
      pieces.push({ kind: 'character', character: plain })
    }
  }
  return pieces
}

/** The pieces a match can have come to; the number behind the last one is the end of the pattern. */
export type Progress = ReadonlySet<number>

/** Where a match can be after some text. Looks at every character once, however many stars there are. */
export function progressAfter(pieces: readonly PatternPiece[], text: string): Progress {
  let places = new Set<number>()
  enter(0, pieces, places)
  for (const character of text) {
    if (places.size === 0) return places
    const next = new Set<number>()
    for (const place of places) step(place, { pieces, character, next })
    places = next
  }
  return places
}

interface Step {
  readonly pieces: readonly PatternPiece[]
  readonly character: string
  readonly next: Set<number>
}

function step(place: number, { pieces, character, next }: Step): void {
  const piece = pieces[place]
  switch (piece?.kind) {
    case 'character':
      if (piece.character === character) enter(place + 1, pieces, next)
      break
    case 'class':
      if (isInClass(character, piece.characters)) enter(place + 1, pieces, next)
      break
    case 'one':
      if (character !== '/') enter(place + 1, pieces, next)
      break
    case 'some':
      if (character !== '/') enter(place, pieces, next)
      break
    case 'anything':
      enter(place, pieces, next)
      break
    case 'directories':
      // Only a slash ends a directory's name, so this does not go on to the next piece as `enter` would.
      next.add(place)
      if (character === '/') enter(place + 1, pieces, next)
      break
    default:
  }
}

/** Comes to a piece, and to those behind it as long as they can match nothing. */
function enter(place: number, pieces: readonly PatternPiece[], places: Set<number>): void {
  for (let at = place; ; at++) {
    places.add(at)
    const kind = pieces[at]?.kind
    if (kind !== 'some' && kind !== 'anything' && kind !== 'directories') return
  }
}
