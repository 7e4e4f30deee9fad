import { lex } from './shell-lexer.ts'
import { trimStart } from './whitespace.ts'

/** A word that announces a document: `<<EOF`, `3<<-'EOF'`. */
export interface HeredocMark {
  /** As written. */
  readonly raw: string
  readonly name: string
  /** No part of the name is quoted. */
  readonly expand: boolean
  /** Written with `<<-`: leading tabs go. */
  readonly chomp: boolean
}

/** A mark and the lines that belong to it, with their line ends and as they are. */
export interface WrittenHeredoc extends HeredocMark {
  readonly lines: string
}

const lexing = { escape: '\\', scope: () => undefined, keepUnset: true } as const

/** The documents a line announces, in their order. A line that no shell could read announces none. */
export function heredocMarks(line: string): readonly HeredocMark[] {
  if (!line.includes('<<')) return []
  try {
    const { words } = lex(line, { ...lexing, keepQuotes: true, keepEscapes: true })
    return words.map(heredocMark).filter((mark) => mark !== undefined)
  } catch {
    return []
  }
}

/** Reads a word or command as a heredoc mark; undefined when it is something else or something more. */
export function heredocMark(raw: string): HeredocMark | undefined {
  const match = /^\d*<<(-?)/.exec(raw)
  if (match === null) return undefined
  const rest = trimStart(raw.slice(match[0].length))
  if (rest === '' || rest.includes('<')) return undefined
  const { words } = lex(rest, lexing)
  const [name] = words
  if (name === undefined || words.length > 1) return undefined
  const quoted = lex(rest, { ...lexing, keepQuotes: true }).text
  return { raw, name, expand: countQuotes(name) === countQuotes(quoted), chomp: match[1] === '-' }
}

/** The body as whoever gets the document reads it. */
export function heredocBody({ lines, chomp }: WrittenHeredoc): string {
  return chomp ? lines.replace(/^\t+/gm, '') : lines
}

/** Whether a line ends the document. */
export function isTerminator(line: string, { name, chomp }: HeredocMark): boolean {
  return (chomp ? line.replace(/^\t+/, '') : line) === name
}

function countQuotes(text: string): number {
  return text.split(/['"]/).length - 1
}
