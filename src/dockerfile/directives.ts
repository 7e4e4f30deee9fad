import { allChecks, type Checks, parseChecks } from './checks.ts'
import type { EscapeCharacter } from './instruction.ts'
import { withoutLineEnd } from './source-lines.ts'
import { placed, syntaxError, unsupportedError } from './syntax-error.ts'
import { trim } from './whitespace.ts'

/** What the comments at the top of a Dockerfile ask for. */
export interface Directives {
  readonly escape: EscapeCharacter
  readonly checks: Checks
  /** How many lines at the top are directives, or a "#!" in front of them. */
  readonly directiveLines: number
}

/**
 * Reads "# syntax=", "# escape=" and "# check=". Directives end at the first line that is none. Below a "#!" line the
 * escape character can no longer be chosen.
 */
export function readDirectives(lines: readonly string[], dockerfile: string): Directives {
  const seen = new Set<string>()
  const hasShebang = lines[0]?.startsWith('#!') ?? false
  let found: Directives = { escape: '\\', checks: allChecks, directiveLines: hasShebang ? 1 : 0 }
  for (const [index, raw] of lines.entries()) {
    if (index === 0 && hasShebang) continue
    const text = trim(withoutLineEnd(raw))
    const directive = parseDirective(text)
    if (directive === undefined) break
    const { name, value } = directive
    if (hasShebang && name === 'escape') break
    const read = (): Partial<Directives> => {
      if (seen.has(name)) throw syntaxError(`only one "# ${name}=" can be used`)
      return apply(name, value)
    }
    found = { ...found, directiveLines: index + 1, ...placed(dockerfile, { line: index + 1, text }, read) }
    seen.add(name)
  }
  return found
}

type DirectiveName = 'syntax' | 'escape' | 'check'

function parseDirective(line: string): { readonly name: DirectiveName; readonly value: string } | undefined {
  const match = /^#\s*([a-z][a-z0-9]*)\s*=(.*)$/i.exec(line)
  const name = match?.[1]?.toLowerCase()
  const value = trim(match?.[2] ?? '')
  if (value === '' || (name !== 'syntax' && name !== 'escape' && name !== 'check')) return undefined
  return { name, value }
}

function apply(name: DirectiveName, value: string): Partial<Directives> {
  if (name === 'check') return { checks: parseChecks(value) }
  if (name === 'syntax') {
    requireOurSyntax(value.split(/\s/)[0] ?? '')
    return {}
  }
  if (value === '\\' || value === '`') return { escape: value }
  throw syntaxError(`"${value}" cannot be the escape character`, { fix: 'It is either \\ or `.', marks: value })
}

/** Docker's own front ends describe the language we read; any other one is a program we do not run. */
export function requireOurSyntax(frontend: string): void {
  if (/^(?:(?:index\.)?docker\.io\/)?docker\/dockerfile(?:-upstream)?(?:[:@].*)?$/.test(frontend)) return
  const fix = 'Only docker/dockerfile can be read: remove the line.'
  throw unsupportedError(`The Dockerfile syntax ${frontend}`, { fix, marks: frontend })
}
