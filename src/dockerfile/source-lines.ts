import { syntaxError } from './syntax-error.ts'
import { trimStart } from './whitespace.ts'

/** The lines of a text, each with its line end. A byte order mark in front is dropped, a NUL character refused. */
export function sourceLines(text: string, dockerfile: string): readonly string[] {
  const nul = text.indexOf('\0')
  if (nul >= 0) {
    const line = text.slice(0, nul).split('\n').length
    throw syntaxError('it holds a NUL character', { fix: 'Save it as UTF-8 text.' }).at(`${dockerfile}:${line}`)
  }
  const lines = (text.startsWith('\uFEFF') ? text.slice(1) : text).split(/(?<=\n)/)
  return lines[0] === '' ? [] : lines
}

export function withoutLineEnd(line: string): string {
  let end = line.length
  while (end > 0 && (line[end - 1] === '\n' || line[end - 1] === '\r')) end--
  return line.slice(0, end)
}

export function isComment(line: string): boolean {
  return trimStart(line).startsWith('#')
}
