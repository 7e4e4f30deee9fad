import { isSecretName } from '../src/dockerfile/secret-name.ts'
import type { EntryAbout } from './about.ts'
import { compareFiles } from './compare-files.ts'
import type { Difference, Identity, ValueDifference } from './difference.ts'
import { canonicalJson, type KeyInput, type KeyValue, type StoredRecord } from './key.ts'

/** A record with what is kept beside it. */
export interface Told {
  readonly record: StoredRecord
  readonly about?: EntryAbout
  /** The files of the record; undefined where the list is not kept, or was not looked for. */
  readonly inputs?: readonly KeyInput[]
}

type Fields = StoredRecord['fields']

/**
 * Everything that two records differ in; empty for equal ones. What lies below comes first, files come last. The values of
 * variables that are called like secrets are not in it.
 */
export function compareRecords(before: Told, after: Told): readonly Difference[] {
  const [old, now] = [before.record, after.record]
  return [
    ...identities('below', old.parent, now.parent, { before, after }),
    ...values('instruction', old.instruction, now.instruction),
    ...values('platform', old.platform, now.platform),
    ...values('version of the key', old.version, now.version),
    ...fields(before, after),
    ...files(before, after),
  ]
}

interface Pair {
  readonly before: Told
  readonly after: Told
}

function fields(before: Told, after: Told): readonly Difference[] {
  const [old, now] = [before.record.fields, after.record.fields]
  const names = [...new Set([...Object.keys(now), ...Object.keys(old)])]
  return names.flatMap((name): readonly Difference[] => {
    const [from, to] = [old[name] ?? null, now[name] ?? null]
    if (canonicalJson(from) === canonicalJson(to)) return []
    switch (name) {
      case 'env':
        return variables(from, to, { before, after })
      case 'argv':
        return commands(listOf(from), listOf(to))
      case 'from':
        return identities('from', from, to, { before, after })
      case 'mounts':
        return mounts(from, to, { before, after })
      default:
        return values(name, from, to)
    }
  })
}

function values(name: string, from: KeyValue, to: KeyValue): readonly ValueDifference[] {
  return canonicalJson(from) === canonicalJson(to) ? [] : [{ kind: 'value', name, from, to }]
}

function identities(of: string, from: KeyValue, to: KeyValue, { before, after }: Pair): readonly Difference[] {
  if (from === to) return []
  return [{ kind: 'place', of, from: identityOf(from, before), to: identityOf(to, after) }]
}

function identityOf(identity: KeyValue, { about }: Told): Identity | null {
  if (typeof identity !== 'string') return null
  return { identity, name: identity === 'scratch' ? 'scratch' : about?.names[identity] }
}

function variables(from: KeyValue, to: KeyValue, { before, after }: Pair): readonly Difference[] {
  const [old, now] = [namedOf(from), namedOf(to)]
  const args = new Set([...(before.about?.args ?? []), ...(after.about?.args ?? [])])
  const names = [...new Set([...Object.keys(now), ...Object.keys(old)])]
  return names.flatMap((name): readonly Difference[] => {
    const [was, is] = [old[name], now[name]]
    if (was === is) return []
    const shown = (value: KeyValue | undefined): string | null => {
      if (typeof value !== 'string') return null
      return isSecretName(name) ? '***' : value
    }
    return [{ kind: 'variable', variable: args.has(name) ? 'ARG' : 'ENV', name, from: shown(was), to: shown(is) }]
  })
}

/** What a shell is told stands last; before it stand the shell and its options. */
function commands(from: readonly string[], to: readonly string[]): readonly Difference[] {
  const isShell = (argv: readonly string[]): boolean => argv.length > 2 && argv.at(-2)?.startsWith('-') === true
  if (!isShell(from) || !isShell(to)) return values('command', from.join(' '), to.join(' '))
  return [
    ...values('shell', from.slice(0, -1).join(' '), to.slice(0, -1).join(' ')),
    ...values('command', from.at(-1) ?? '', to.at(-1) ?? ''),
  ]
}

function mounts(from: KeyValue, to: KeyValue, pair: Pair): readonly Difference[] {
  const [old, now] = [byTarget(from), byTarget(to)]
  const targets = [...new Set([...now.keys(), ...old.keys()])]
  return targets.flatMap((target): readonly Difference[] => {
    const [was, is] = [old.get(target), now.get(target)]
    if (was === undefined || is === undefined) return values(`mount ${target}`, was ?? null, is ?? null)
    const { from: wasFrom = null, ...wasRest } = was
    const { from: isFrom = null, ...isRest } = is
    const rest = [...new Set([...Object.keys(isRest), ...Object.keys(wasRest)])]
    return [
      ...identities(target, wasFrom, isFrom, pair),
      ...rest.flatMap((name) => values(`${name} of mount ${target}`, wasRest[name] ?? null, isRest[name] ?? null)),
    ]
  })
}

function byTarget(mounts: KeyValue): ReadonlyMap<string, Fields> {
  const list = Array.isArray(mounts) ? (mounts as readonly KeyValue[]) : []
  return new Map(
    list.map((mount) => {
      const told = namedOf(mount)
      return [String(told.target ?? `$${told.env}`), told]
    }),
  )
}

function files(before: Told, after: Told): readonly Difference[] {
  const [old, now] = [before.record.inputs, after.record.inputs]
  if (old === now) return []
  const [earlier, later] = [old === undefined ? [] : before.inputs, now === undefined ? [] : after.inputs]
  return earlier === undefined || later === undefined ? [{ kind: 'files' }] : compareFiles(earlier, later)
}

function namedOf(value: KeyValue): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {}
}

function listOf(value: KeyValue): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
