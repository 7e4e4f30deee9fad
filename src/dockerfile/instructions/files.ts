import { expandWord } from '../expand.ts'
import { type FlagRules, listOf, readFlags } from '../flags.ts'
import type { HeredocMark } from '../heredoc.ts'
import type { AddInstruction, CopyInstruction, EscapeCharacter } from '../instruction.ts'
import type { Statement } from '../statement.ts'
import { jsonStrings } from '../strings.ts'
import { syntaxError } from '../syntax-error.ts'
import { splitBlanks } from '../whitespace.ts'
import { heredocOf } from './run.ts'

const shared = {
  chown: { kind: 'text' },
  chmod: { kind: 'text' },
  link: { kind: 'boolean' },
  exclude: { kind: 'list' },
} as const
const copyFlags: FlagRules = { from: { kind: 'text' }, ...shared, parents: { kind: 'boolean' } }
const addFlags: FlagRules = {
  checksum: { kind: 'text' },
  ...shared,
  'keep-git-dir': { kind: 'boolean' },
  unpack: { kind: 'boolean' },
}

export function readCopy(statement: Statement, escapeCharacter: EscapeCharacter): CopyInstruction {
  const given = readFlags('COPY', statement.flags, copyFlags)
  const from = given.get('from') || undefined
  if (from !== undefined && expandWord(from, () => undefined, { escape: escapeCharacter }) !== from) {
    throw syntaxError('--from cannot hold a variable', {
      marks: `--from=${from}`,
      fix: 'Give the image a name with FROM <image> AS <name>, which may use an ARG, and copy from that.',
    })
  }
  return { kind: 'COPY', ...filesOf(statement, given), from, parents: given.get('parents') === 'true' }
}

export function readAdd(statement: Statement): AddInstruction {
  const given = readFlags('ADD', statement.flags, addFlags)
  const unpack = given.get('unpack')
  return {
    kind: 'ADD',
    ...filesOf(statement, given),
    checksum: given.get('checksum') || undefined,
    unpack: unpack === undefined ? undefined : unpack === 'true',
    keepGitDirectory: given.get('keep-git-dir') === 'true',
  }
}

type CommonFiles = Omit<CopyInstruction, 'kind' | 'from' | 'parents'>

function filesOf(statement: Statement, given: ReadonlyMap<string, string>): CommonFiles {
  const { keyword, position, heredocs } = statement
  const words = sourceWords(statement)
  const destination = words.at(-1)
  if (destination === undefined || words.length < 2) {
    throw syntaxError(`${keyword} needs at least two arguments: a source and a destination`)
  }
  if (typeof destination !== 'string') throw syntaxError(`the destination of ${keyword} cannot be a heredoc`)
  return {
    ...position,
    sources: words.slice(0, -1).filter((word) => typeof word === 'string'),
    heredocs: heredocs.map(heredocOf),
    destination,
    chown: given.get('chown') || undefined,
    chmod: given.get('chmod') || undefined,
    link: given.get('link') === 'true',
    exclude: listOf(statement.flags, 'exclude'),
  }
}

/** The words of the arguments. A heredoc's mark is one of them, even with blanks in it. */
function sourceWords({ args, heredocs }: Statement): readonly (string | HeredocMark)[] {
  const strings = jsonStrings(args)
  if (strings !== undefined) return strings
  const words: (string | HeredocMark)[] = []
  let rest = args
  for (const heredoc of heredocs) {
    const at = rest.indexOf(heredoc.raw)
    if (at < 0) break
    words.push(...nonEmpty(rest.slice(0, at)), heredoc)
    rest = rest.slice(at + heredoc.raw.length)
  }
  return [...words, ...nonEmpty(rest)]
}

function nonEmpty(text: string): readonly string[] {
  return splitBlanks(text).filter((word) => word !== '')
}
