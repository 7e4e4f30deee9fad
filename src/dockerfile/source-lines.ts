import type { HearthError } from '../errors.ts'
import { syntaxError } from './syntax-error.ts'
import { trimStart } from './whitespace.ts'

/** The lines of a text, each with its line end. A byte order mark in front is dropped, a NUL character refused. */
export function sourceLines(text: string, dockerfile: string): readonly string[] {
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split(/(?<=\n)/)
  const bad = lines.findIndex((line) => line.includes('\0'))
  if (bad >= 0) throw withNul(withoutLineEnd(lines[bad] ?? ''), bad + 1, dockerfile)
  return lines[0] === '' ? [] : lines
}

function withNul(source: string, line: number, dockerfile: string): HearthError {
  const column = [...source.slice(0, source.indexOf('\0'))].length + 1
  return syntaxError('it holds a NUL character', { fix: 'Save it as UTF-8 text.' })
    .at(`${dockerfile}:${line}`, { file: dockerfile, line, text: source })
    .showing({ line, column, length: 1, source })
}

export function withoutLineEnd(line: string): string {
  let end = line.length
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--
  return line.slice(0, end)
}

export function isComment(line: string): boolean {
  return trimStart(line).startsWith('#')
}
