import { normalize } from 'node:path/posix'
import { hasWildcard } from '../../dockerfile/glob.ts'
import type { IgnoreMatcher } from '../../dockerfile/ignore.ts'
import { lookUps } from '../look-ups.ts'
import type { Mark, Rule } from '../rule.ts'
import type { Moment } from '../subject.ts'

/** Sources that the ignore file keeps out, with all that is in them. What a wildcard finds nobody can tell without looking. */
export const copyIgnoredFile: Rule = {
  name: 'CopyIgnoredFile',
  origin: 'buildkit',
  find({ needed, options }) {
    const { ignore } = options
    if (ignore === undefined) return []
    return needed.flatMap(({ moments }) => moments.flatMap((moment) => ignoredIn(moment, ignore)))
  },
}

function ignoredIn({ instruction, state }: Moment, ignore: IgnoreMatcher): readonly Mark[] {
  if (instruction.kind !== 'COPY' && instruction.kind !== 'ADD') return []
  if (instruction.kind === 'COPY' && instruction.from !== undefined) return []
  return instruction.sources.flatMap((raw): readonly Mark[] => {
    const source = lookUps(raw, state.scope, state.escape)?.text ?? ''
    if (source === '' || isRemote(source) || !isIgnored(source, ignore)) return []
    const message = `${instruction.kind} takes "${source}", which the ignore file keeps out of the context`
    return [{ position: instruction, message, words: [raw] }]
  })
}

function isRemote(source: string): boolean {
  return /^(?:[a-z][a-z0-9+.-]*:\/\/|git@)/i.test(source)
}

/** A name no pattern has in mind: what matches it matches all. */
const anyName = '\u{10ffff}\u{10fffe}.\u{10ffff}'

function isIgnored(source: string, ignore: IgnoreMatcher): boolean {
  const path = normalize(`/${source}`).replace(/^\/|\/$/g, '')
  if (!ignore.hasExceptions) return ignore.ignores(path === '' ? anyName : path)
  return path !== '' && !hasWildcard(path) && ignore.ignores(path) && ignore.prunes(path)
}
