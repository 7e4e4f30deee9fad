import type { Excerpt } from '../errors.ts'
import { printable, redact } from '../log.ts'

/** More of a line than this is not shown. */
const widest = 110

/** A line of source behind its number, and a marker below the part that is meant. */
export function excerptLines(excerpt: Excerpt): readonly [source: string, marker: string] {
  const { text, column, length } = window(excerpt)
  const number = String(excerpt.line).padStart(4)
  const indent = [...text].slice(0, column - 1).map((char) => (char === '\t' ? '\t' : ' '))
  return [`${number} | ${text}`, `${' '.repeat(number.length)} | ${indent.join('')}${'^'.repeat(length)}`]
}

interface Shown {
  readonly text: string
  readonly column: number
  readonly length: number
}

/** The part of a long line around the marked words; nothing in it drives a terminal. */
function window({ source, column, length }: Excerpt): Shown {
  const shown = redact(source, [])
  // Escapes and masks move what is behind them, so that no marker could point at it.
  const plain = shown === source && printable(source) === source
  if (!plain) return { text: cut(printable(shown)), column: 1, length: 1 }
  const characters = [...source]
  if (characters.length <= widest) return { text: source, column, length }
  const start = Math.max(0, Math.min(column - 1 - 20, characters.length - widest))
  const before = start > 0 ? '…' : ''
  const part = characters.slice(start, start + widest)
  const after = start + widest < characters.length ? '…' : ''
  const at = column - start + before.length
  return {
    text: before + part.join('') + after,
    column: at,
    length: Math.max(1, Math.min(length, widest - (column - 1 - start))),
  }
}

function cut(text: string): string {
  return text.length <= widest ? text : `${text.slice(0, widest)}…`
}
