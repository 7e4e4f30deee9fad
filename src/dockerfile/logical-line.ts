import type { EscapeCharacter } from './instruction.ts'
import { isComment, withoutLineEnd } from './source-lines.ts'
import { trimStart } from './whitespace.ts'

export interface LogicalLine {
  /** Index of the line behind it. */
  readonly end: number
  /** Joined; the escape characters that joined it are gone, the blanks that indent its lines are not. */
  readonly text: string
  /** The lines it is made of, '' for comments and blank ones. Empty where there is no instruction. */
  readonly lines: readonly string[]
  /** A blank line stands among them. */
  readonly hasEmptyLine: boolean
}

/** Joins a line with those that continue it. Comments between them are dropped, and so are blank lines. */
export function readLogicalLine(
  source: readonly string[],
  start: number,
  escapeCharacter: EscapeCharacter,
): LogicalLine {
  const first = trimStart(withoutLineEnd(source[start] ?? ''))
  if (first === '' || first.startsWith('#')) return { end: start + 1, text: '', lines: [], hasEmptyLine: false }
  const lines = [first]
  let { text, continues } = cutContinuation(first, escapeCharacter)
  const parts = [text]
  let hasEmptyLine = false
  let end = start + 1
  for (; continues && end < source.length; end++) {
    const line = withoutLineEnd(source[end] ?? '')
    const isEmpty = trimStart(line) === ''
    hasEmptyLine ||= isEmpty
    const isDropped = isEmpty || isComment(line)
    lines.push(isDropped ? '' : line)
    if (isDropped) continue
    ;({ text, continues } = cutContinuation(line, escapeCharacter))
    parts.push(text)
  }
  return { end, text: parts.join(''), lines, hasEmptyLine }
}

/** Cuts the escape character off the end of a line that goes on. One that is escaped itself continues nothing. */
export function cutContinuation(
  line: string,
  escapeCharacter: EscapeCharacter,
): { readonly text: string; readonly continues: boolean } {
  let end = line.length
  while (end > 0 && (line[end - 1] === ' ' || line[end - 1] === '\t')) end--
  const continues = end > 0 && line[end - 1] === escapeCharacter && line[end - 2] !== escapeCharacter
  return { text: continues ? line.slice(0, end - 1) : line, continues }
}
