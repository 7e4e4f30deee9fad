import type { Told } from '../../../cache/compare-records.ts'
import type { FileDifference } from '../../../cache/difference.ts'
import type { Entry } from '../../../cache/entry-file.ts'
import type { EntryComparison } from '../../../cache/explain-entry.ts'
import { canonicalJson, type KeyValue } from '../../../cache/key.ts'
import { isSecretName } from '../../dockerfile/secret-name.ts'
import { printable, redact } from '../../log.ts'

type Side = Entry & Told

interface Row {
  readonly name: string
  readonly before: string | undefined
  readonly after: string | undefined
  readonly differs: boolean
}

/** A comparison as text: two records side by side, then the files that differ. What differs begins with "≠". */
export function comparisonText({ after, before, differences, text }: EntryComparison): string {
  const files = differences.filter((difference) => difference.kind === 'file')
  const lines = [
    after.text,
    `  ${text}`,
    '',
    ...table(before === undefined ? [] : ['before', 'after'], rowsOf(before, after)),
    ...(before === undefined ? [] : fileLines(files, after)),
  ]
  return `${lines.map((line) => printable(redact(line, [])).trimEnd()).join('\n')}\n`
}

/** The same for programs; the README describes its members. */
export function comparisonDocument({ after, before, differences, text }: EntryComparison): object {
  return {
    version: 1,
    why: text,
    before: before === undefined ? null : sideDocument(before),
    after: sideDocument(after),
    differences,
  }
}

function sideDocument({ key, record, text, layer, diffID, created, about, inputs }: Side): object {
  const { env, ...fields } = record.fields
  const shownFields = env === undefined ? fields : { ...fields, env: withoutSecrets(env) }
  return {
    ...{ key, instruction: text, created: created.toISOString(), layer, diffID, about: about ?? null },
    record: { ...record, fields: shownFields },
    files: inputs ?? null,
  }
}

function withoutSecrets(env: KeyValue): KeyValue {
  return Object.fromEntries(
    Object.entries(env ?? {}).map(([name, value]) => [name, isSecretName(name) ? '***' : value]),
  )
}

function rowsOf(before: Side | undefined, after: Side): readonly Row[] {
  const [old, now] = [before === undefined ? new Map<string, string>() : valuesOf(before), valuesOf(after)]
  const names = [...new Set([...now.keys(), ...old.keys()])]
  return names.map((name) => {
    const [was, is] = [old.get(name), now.get(name)]
    const secret = name.startsWith('env ') && isSecretName(name.slice('env '.length))
    const shown = (value: string | undefined): string | undefined => (value !== undefined && secret ? '***' : value)
    return { name, before: shown(was), after: shown(is), differs: before !== undefined && was !== is }
  })
}

/** Everything of an entry but its files, by name. */
function valuesOf({ key, record, text, layer, created, about, inputs }: Side): ReadonlyMap<string, string> {
  const { parent, platform, instruction, fields } = record
  const { env, ...rest } = fields
  const named = (identity: string): string => {
    const name = about?.names[identity]
    return name === undefined ? identity : `${identity} (${name})`
  }
  const places = about === undefined ? [] : [['place', `${about.stage}, ${about.dockerfile}:${about.line}`]]
  return new Map([
    ['key', key],
    ['made', created.toISOString()],
    ['text', text],
    ...(places as [string, string][]),
    ['layer', `${layer.digest}, ${layer.size} bytes`],
    ['parent', named(parent)],
    ['platform', platform],
    ['instruction', instruction],
    ...Object.entries(rest).map(([name, value]): [string, string] => {
      return [name, name === 'from' && typeof value === 'string' ? named(value) : shownValue(value)]
    }),
    ...Object.entries(env ?? {}).map(([name, value]): [string, string] => [`env ${name}`, shownValue(value)]),
    ...(inputs === undefined ? [] : [['files', String(inputs.length)] as [string, string]]),
  ])
}

function shownValue(value: KeyValue): string {
  return typeof value === 'string' ? JSON.stringify(value) : canonicalJson(value)
}

/** Values that are longer stand on lines of their own. */
const widest = 36

function table(titles: readonly string[], rows: readonly Row[]): readonly string[] {
  const width = Math.max(...rows.map(({ name }) => name.length))
  const [before, after] = titles
  const head = before === undefined ? [] : [`  ${''.padEnd(width)}  ${before.padEnd(widest)}  ${after}`]
  return [...head, ...rows.flatMap((row) => rowLines(row, width))]
}

function rowLines({ name, before, after, differs }: Row, width: number): readonly string[] {
  if (!differs) return [`  ${name.padEnd(width)}  ${after ?? before}`]
  const [was, is] = [before ?? '-', after ?? '-']
  if (was.length <= widest) return [`≠ ${name.padEnd(width)}  ${was.padEnd(widest)}  ${is}`]
  return [`≠ ${name.padEnd(width)}  ${was}`, `  ${''.padEnd(width)}  ${is}`]
}

function fileLines(files: readonly FileDifference[], { inputs = [] }: Side): readonly string[] {
  if (inputs.length === 0 && files.length === 0) return []
  const alike = inputs.length - files.filter(({ change }) => change !== 'removed').length
  const lines = files.flatMap(({ path, change, what }) => {
    if (change !== 'changed') return [`${change === 'added' ? '+' : '-'} ${path}`]
    return [`≠ ${path}`, ...what.map(({ name, from, to }) => `    ${name}  ${from} → ${to}`)]
  })
  return ['', `files: ${files.length} differ, ${alike} are alike`, ...lines]
}
