import type { Difference, FileDifference, Identity, PlaceDifference } from './difference.ts'
import type { KeyValue } from './key.ts'

/** How many files, and how many other differences, one line names. */
const most = { files: 5, others: 4 }

/** Differences on one line, for people: "package.json changed (content); ARG GIT_SHA: a1b2→c3d4". */
export function differencesText(differences: readonly Difference[]): string {
  const files = differences.filter((difference) => difference.kind === 'file')
  const below = differences.filter(isStepBelow)
  const others = differences.filter((difference) => difference.kind !== 'file' && !isStepBelow(difference))
  const parts = others.slice(0, most.others).map(differenceText)
  if (others.length > most.others) parts.push(`${others.length - most.others} more differences`)
  if (files.length > 0) parts.push(filesText(files))
  return [...parts, ...below.map(differenceText)].join('; ')
}

/** Whether the only difference is what a step of the same stage has left below. */
export function isOnlyStepBelow(differences: readonly Difference[]): boolean {
  const [only, ...more] = differences
  return only !== undefined && more.length === 0 && isStepBelow(only)
}

/** Whether that is so, or a stage of the same name below is another one. */
export function isOnlyBelow(differences: readonly Difference[]): boolean {
  const [only, ...more] = differences
  if (only?.kind !== 'place' || only.of !== 'below' || more.length > 0) return false
  const isStage = only.to?.name !== undefined && only.from?.name === only.to.name
  return isStage || isStepBelow(only)
}

function isStepBelow(difference: Difference): difference is PlaceDifference {
  if (difference.kind !== 'place' || difference.of !== 'below') return false
  const { from, to } = difference
  return isKey(from) && isKey(to)
}

/** Images and stages have names there; a step below has none, and no layers of its own to be called by. */
function isKey(place: Identity | null): boolean {
  return place !== null && place.name === undefined && !place.identity.startsWith('layers:')
}

function differenceText(difference: Difference): string {
  switch (difference.kind) {
    case 'file':
      return filesText([difference])
    case 'place':
      return placeText(difference)
    case 'variable':
      return `${difference.variable} ${difference.name}: ${pairText(difference.from, difference.to)}`
    case 'value':
      return valueText(difference.name, difference.from, difference.to)
    case 'files':
      return 'files changed (which is no longer known)'
  }
}

function placeText(difference: PlaceDifference): string {
  const { of, from, to } = difference
  if (isStepBelow(difference)) return 'the step before it changed'
  const title = of === 'below' ? 'base' : of === 'from' ? '--from' : `from of mount ${of}`
  const [old, now] = [partsOf(from), partsOf(to)]
  if (now.title === undefined) return `${title} changed`
  if (old.title !== now.title && old.title !== undefined) return `${title} ${old.title}→${now.title}`
  if (old.digest === undefined || now.digest === undefined || old.digest === now.digest) {
    return of === 'below' || of === 'from' ? `${now.title} changed` : `mount ${of}: ${now.title} changed`
  }
  const moved = `${now.title} moved ${short(old.digest)}→${short(now.digest)}`
  return of === 'below' ? `base ${moved}` : of === 'from' ? moved : `mount ${of}: ${moved}`
}

function partsOf(place: Identity | null): { readonly title: string | undefined; readonly digest: string | undefined } {
  const name = place === null ? 'the build context' : place.name
  const at = name?.lastIndexOf('@sha256:') ?? -1
  if (name === undefined || at < 0) return { title: name, digest: undefined }
  return { title: name.slice(0, at), digest: name.slice(at + 1) }
}

/** "sha256:" and twelve digits */
function short(digest: string): string {
  return `${digest.slice(0, 'sha256:'.length + 12)}…`
}

function valueText(name: string, from: KeyValue, to: KeyValue): string {
  if (name === 'heredocs' || name === 'script') return `${name === 'script' ? 'the heredoc' : 'a heredoc'} changed`
  return `${name}: ${pairText(plain(from), plain(to))}`
}

function plain(value: KeyValue): string | null {
  if (value === null) return null
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value.join(' ')
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

function pairText(from: string | null, to: string | null): string {
  if (from === null) return `+${cut(to ?? '')}`
  if (to === null) return `-${cut(from)}`
  if (from === '***' && to === '***') return 'another value, which is not shown'
  const start = commonStart(from, to)
  return `${quoted(cut(from, start))}→${quoted(cut(to, start))}`
}

/** Of what is long, the part from shortly before the first difference. */
function cut(text: string, start = 0): string {
  const line = text.replaceAll('\n', '↵')
  if (line.length <= longest) return line
  const rest = start === 0 ? line : `…${line.slice(start)}`
  return rest.length <= longest ? rest : `${rest.slice(0, longest)}…`
}

const longest = 60

function commonStart(a: string, b: string): number {
  let at = 0
  while (at < a.length && a[at] === b[at]) at += 1
  return Math.max(0, at - 12)
}

function quoted(text: string): string {
  return text === '' ? '""' : text
}

function filesText(files: readonly FileDifference[]): string {
  const named = files.slice(0, most.files).map(fileText)
  const more = files.length - named.length
  const list = [...named, ...(more > 0 ? [`${more} more`] : [])].join(', ')
  const [only] = files
  if (files.length > 1) return `${files.length} files changed: ${list}`
  if (only?.change === 'changed') return `${only.path} changed ${aspectsText(only)}`
  return only?.change === 'added' ? `${only.path} is new` : `${only?.path} is gone`
}

function fileText(file: FileDifference): string {
  if (file.change === 'added') return `+${file.path}`
  return file.change === 'removed' ? `-${file.path}` : `${file.path} ${aspectsText(file)}`
}

function aspectsText({ what }: FileDifference): string {
  const told = what.map(({ name, from, to }) => {
    return name === 'content' || name === 'attributes' ? name : `${name} ${quoted(from)}→${quoted(to)}`
  })
  return `(${told.join(', ')})`
}
