import { keywordsByLine, maskArguments } from './ast.ts'
import { heredocMarks, isTerminator, type WrittenHeredoc } from './heredoc.ts'
import type { EscapeCharacter, Position } from './instruction.ts'
import { type LogicalLine, readLogicalLine } from './logical-line.ts'
import { withoutLineEnd } from './source-lines.ts'
import { type Statement, statementOf } from './statement.ts'
import { jsonStrings } from './strings.ts'
import { placed, syntaxError } from './syntax-error.ts'
import { trim } from './whitespace.ts'

export interface ReadStatements {
  readonly statements: readonly Statement[]
  /** The instructions that have blank lines inside, each by the last of its lines. */
  readonly emptyContinuations: readonly Position[]
}

/** Splits a Dockerfile into its instructions, each on one line, with the documents that belong to it. */
export function readStatements(
  lines: readonly string[],
  options: { readonly escape: EscapeCharacter; readonly name: string },
): ReadStatements {
  const { escape: escapeCharacter, name } = options
  const masked = lines.map(() => '')
  const statements: Statement[] = []
  const emptyContinuations: Position[] = []
  for (let at = 0; at < lines.length; ) {
    const logical = readLogicalLine(lines, at, escapeCharacter)
    for (const [i, line] of maskArguments(logical.lines, escapeCharacter).entries()) masked[at + i] = line
    const line = at + 1
    at = logical.end
    if (logical.lines.length === 0) continue
    const text = trim(logical.text) || trim(logical.lines.join(' '))
    const heredocs = placed(name, { line, endLine: logical.end, text }, () => readHeredocs(lines, logical))
    at += heredocs.reduce((sum, heredoc) => sum + heredoc.lineCount, 0)
    const position = { line, endLine: at, text }
    statements.push(statementOf(logical.text, position, heredocs))
    if (logical.hasEmptyLine) emptyContinuations.push({ line: logical.end, endLine: logical.end, text })
  }
  return { statements: named(statements, keywordsByLine(masked, escapeCharacter)), emptyContinuations }
}

/** An instruction that starts with an empty line that continues is unknown to dockerfile-ast: its first word counts. */
function named(statements: readonly Statement[], keywords: ReadonlyMap<number, string>): readonly Statement[] {
  return statements.map((statement) => {
    const keyword = keywords.get(statement.position.line)?.toUpperCase()
    return keyword === undefined || statement.keyword === '' ? statement : { ...statement, keyword }
  })
}

type CountedHeredoc = WrittenHeredoc & { readonly lineCount: number }

function readHeredocs(lines: readonly string[], logical: LogicalLine): readonly CountedHeredoc[] {
  if (!canHoldHeredocs(logical.text)) return []
  let at = logical.end
  return heredocMarks(logical.text).map((mark) => {
    const start = at
    while (at < lines.length && !isTerminator(withoutLineEnd(lines[at] as string), mark)) at++
    if (at === lines.length) {
      const fix = `Write ${mark.name} on a line of its own, without blanks, below its last line.`
      throw syntaxError(`the heredoc <<${mark.name} never ends`, { fix, marks: mark.raw })
    }
    at++
    return { ...mark, lines: lines.slice(start, at - 1).join(''), lineCount: at - start }
  })
}

/** RUN, COPY and ADD can, in ONBUILD as well, and never in the JSON form. */
function canHoldHeredocs(text: string): boolean {
  if (!text.includes('<<')) return false
  const none = { line: 0, endLine: 0, text: '' }
  const outer = statementOf(text, none, [])
  const { keyword, args } = outer.keyword === 'ONBUILD' ? statementOf(outer.args, none, []) : outer
  return ['RUN', 'COPY', 'ADD'].includes(keyword) && !isJson(args)
}

function isJson(args: string): boolean {
  try {
    return jsonStrings(args) !== undefined
  } catch {
    return true
  }
}
