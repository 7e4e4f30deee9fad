import { type Excerpt, HearthError } from '../errors.ts'
import type { Dockerfile } from './dockerfile.ts'
import type { Position } from './instruction.ts'
import { cutAtBlanks, trim, trimStart } from './whitespace.ts'

/**
 * The line of an instruction that holds one of the marked words, and where it stands in there. Without such a word it is
 * the instruction's first line, marked from its keyword to its end.
 */
export function excerptOf(
  lines: readonly string[],
  { line, endLine }: Pick<Position, 'line' | 'endLine'>,
  marks: readonly string[] = [],
): Excerpt {
  for (const find of [findToken, findWord, findText]) {
    for (const mark of marks.filter((text) => text !== '')) {
      for (let at = line; at <= endLine; at++) {
        const source = lines[at - 1] ?? ''
        const start = find(source, mark)
        if (start >= 0) return excerpt({ line: at, source, start, end: start + mark.length })
      }
    }
  }
  const source = lines[line - 1] ?? ''
  const start = source.length - trimStart(source).length
  return excerpt({ line, source, start, end: start + trim(source).length })
}

/** An error with the line of this Dockerfile that it is about, if it is about one. */
export function withExcerpt(error: unknown, { name, lines }: Pick<Dockerfile, 'name' | 'lines'>): unknown {
  if (!(error instanceof HearthError) || error.excerpt !== undefined) return error
  const { sourcePlace: place, marks } = error
  if (place === undefined || place.file !== name) return error
  const { line, endLine = line, text } = place
  // The text of a trigger stands in the Dockerfile of another image.
  if (!text.startsWith(firstWord(lines[line - 1] ?? ''))) return error
  return error.showing(excerptOf(lines, { line, endLine }, marks === undefined ? [] : [marks]))
}

/** Without the character that continues the line, which can stand in the middle of a keyword. */
function firstWord(line: string): string {
  return trim(cutAtBlanks(trim(line))[0].replace(/[\\`]$/, ''))
}

interface Span {
  readonly line: number
  readonly source: string
  readonly start: number
  readonly end: number
}

function excerpt({ line, source, start, end }: Span): Excerpt {
  const length = Math.max(1, [...source.slice(start, end)].length)
  return { line, column: [...source.slice(0, start)].length + 1, length, source }
}

function findToken(source: string, mark: string): number {
  return findBetween(source, mark, (char) => /\S/.test(char))
}

function findWord(source: string, mark: string): number {
  const [first, last] = [mark[0] ?? '', mark.at(-1) ?? ''].map(isWordPart)
  return findBetween(source, mark, (char, side) => (side === 'before' ? first : last) === true && isWordPart(char))
}

function isWordPart(char: string): boolean {
  return /[\w-]/.test(char)
}

/** Where a text stands with neighbours that do not belong to it. */
function findBetween(
  source: string,
  mark: string,
  belongs: (char: string, side: 'before' | 'after') => boolean,
): number {
  for (let at = source.indexOf(mark); at >= 0; at = source.indexOf(mark, at + 1)) {
    const before = source[at - 1] ?? ''
    const after = source[at + mark.length] ?? ''
    if (!belongs(before, 'before') && !belongs(after, 'after')) return at
  }
  return -1
}

function findText(source: string, mark: string): number {
  return source.indexOf(mark)
}
