import type { ImageCase, WrongCase } from './case.ts'
import { imageCases, refusedCases, wrongCases } from './cases.ts'
import { knownDifferences } from './known-differences.ts'
import { referenceOptions } from './options.ts'

/** The README of this directory. */
export function readme(): string {
  const failing = wrongCases.filter(({ rule }) => rule === undefined).length
  return `# Conformance

One Dockerfile for each behaviour, built by hearth and held to an oracle. \`UPDATE_README=1 node --test
test/differential/readme.test.ts\` writes this file.

The oracle **buildah** is Debian's: configuration, shape of the history and files must be the same, but for the
differences that \`known-differences.ts\` explains, which must show. Where buildah does not know a behaviour, or has it
otherwise than BuildKit, the oracle is a **rule** of BuildKit's reference, and the case says what it comes to. What
buildah builds is kept by the digest of everything it depends on, in \`conformance/\` of the tests' cache.

A case is a few lines in \`conformance/\`, or a directory of \`cases/\` with a Dockerfile and its context, where
\`prepare.sh\` makes what version control cannot hold (modes, owners, links). \`ARG BASE\` is busybox, \`ARG DEBIAN\`
Debian and \`ARG SERVER\` a web server.

## Images: ${imageCases.length} cases, ${imageCases.filter(({ rule }) => rule === undefined).length} compared with buildah

${table(['case', 'what it pins', 'oracle'], imageCases.map(imageRow))}

## Wrong input: ${wrongCases.length} cases, ${failing} that buildah refuses as well

${table(['case', 'what is wrong', 'error', 'oracle'], wrongCases.map(wrongRow))}

## Not supported yet: ${refusedCases.length} cases

${table(['case', 'what it pins', 'error', 'oracle'], refusedCases.map(wrongRow))}

## Options of the Dockerfile reference

${table(
  ['option', 'tests'],
  referenceOptions.map(({ option, tests }) => [`\`${option}\``, tests.join(', ')]),
)}
`
}

function imageRow({ name, pins, rule }: ImageCase): readonly string[] {
  const known = knownDifferences.filter((difference) => difference.name === name).map(({ reason }) => reason)
  const but = known.length === 0 ? '' : `, but: ${[...new Set(known)].join('; ')}`
  return [name, pins, rule === undefined ? `buildah${but}` : `rule: ${rule}`]
}

function wrongRow({ name, pins, fails, rule }: WrongCase): readonly string[] {
  const { code, line } = fails
  const error = line === undefined ? code : `${code}, line ${line}`
  return [name, pins, error, rule === undefined ? 'buildah' : `rule: ${rule}`]
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(escaped).join(' | ')} |`
  return [line(head), `|${head.map(() => '---|').join('')}`, ...rows.map(line)].join('\n')
}

/** Markdown would read these characters as its own. */
function escaped(cell: string): string {
  return cell.startsWith('`') ? cell : cell.replace(/[\\|*<>_$]/g, '\\$&')
}
