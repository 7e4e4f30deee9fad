import { type Checks, parseChecks } from './checks.ts'
import type { Dockerfile } from './dockerfile.ts'
import { trim } from './whitespace.ts'

/**
 * Whether a comment right above an instruction takes a check off for it alone: "# check=skip=<rules>", with a reason behind
 * "//" if there is one. `line` is the first of the instruction's. The directives at the top of a file are no such comments.
 */
export function isSkipped(
  rule: string,
  { lines, directiveLines, stages, metaArgs }: Pick<Dockerfile, 'lines' | 'directiveLines' | 'stages' | 'metaArgs'>,
  { line }: { readonly line: number },
): boolean {
  const starts = [...metaArgs, ...stages.flatMap(({ from, instructions }) => [from, ...instructions])]
  const start = Math.max(...starts.map((instruction) => instruction.line).filter((first) => first <= line))
  for (let at = start - 1; at > directiveLines; at -= 1) {
    const text = trim(lines[at - 1] ?? '')
    if (!text.startsWith('#')) return false
    const skip = checksIn(text)?.skip
    if (skip === 'all' || skip?.includes(rule) === true) return true
  }
  return false
}

/** Undefined for a comment of any other kind, which may say "check=" and mean something else. */
function checksIn(comment: string): Checks | undefined {
  const setting = /^#\s*check\s*=(.*?)(?:\s\/\/.*)?$/.exec(comment)?.[1]
  try {
    return setting === undefined ? undefined : parseChecks(setting)
  } catch {
    return undefined
  }
}
