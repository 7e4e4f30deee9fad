import type { Finding } from '../lint/finding.ts'
import { printable } from '../log.ts'
import { excerptLines } from './excerpt-lines.ts'
import type { LintFormat } from './lint-options.ts'

/** Findings as text for people, or as one JSON document whose form is stable; see README.md. */
export function lintReport(dockerfile: string, findings: readonly Finding[], format: LintFormat): string {
  return format === 'json' ? json(dockerfile, findings) : text(dockerfile, findings)
}

function text(dockerfile: string, findings: readonly Finding[]): string {
  const name = printable(dockerfile)
  const blocks = findings.map((finding) => {
    const { line, column, rule, message } = finding
    return [`${name}:${line}:${column}: ${rule}: ${printable(message)}`, ...excerptLines(finding), ''].join('\n')
  })
  const count = findings.length === 1 ? '1 finding' : `${findings.length || 'no'} findings`
  return [...blocks, `${name}: ${count}`, ''].join('\n')
}

function json(dockerfile: string, findings: readonly Finding[]): string {
  const shown = findings.map(({ rule, origin, line, column, length, message, source }) => {
    return { rule, origin, line, column, length, message, source }
  })
  return `${JSON.stringify({ version: 1, dockerfile, findings: shown }, undefined, 2)}\n`
}
