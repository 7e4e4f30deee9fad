import type { Entry } from './entry-file.ts'

/** Entries of one step, the newest first. */
export type StepEntries = readonly [Entry, ...Entry[]]

/**
 * The steps that somebody can mean: by a key or the beginning of one (6 digits or more), by a line ("Dockerfile:12" or
 * "builder:12"), or by a part of the instruction.
 */
export function matchEntries(wanted: string, entries: readonly Entry[]): readonly StepEntries[] {
  if (/^[0-9a-f]{6,64}$/.test(wanted)) {
    const found = entries.filter(({ key }) => key.startsWith(wanted))
    if (found.length > 0) return grouped(found, ({ key }) => key)
  }
  const [, place, line] = /^(.+):(\d+)$/.exec(wanted) ?? []
  if (place !== undefined) {
    const found = entries.filter(({ about }) => about?.line === Number(line) && isAt(place, about))
    if (found.length > 0) return grouped(found, ({ about, record }) => `${about?.stage} ${record.instruction}`)
  }
  const exact = entries.filter(({ text }) => text === wanted)
  const found = exact.length > 0 ? exact : entries.filter(({ text }) => text.includes(wanted))
  return grouped(found, ({ about, text }) => `${about?.stage} ${text}`)
}

/** A Dockerfile by its path or its last part, or a stage. */
function isAt(place: string, { dockerfile, stage }: { readonly dockerfile: string; readonly stage: string }): boolean {
  return [dockerfile, dockerfile.slice(dockerfile.lastIndexOf('/') + 1), stage].includes(place)
}

function grouped(entries: readonly Entry[], nameOf: (entry: Entry) => string): readonly StepEntries[] {
  const groups = new Map<string, [Entry, ...Entry[]]>()
  for (const entry of entries.toSorted((a, b) => b.created.getTime() - a.created.getTime())) {
    const name = nameOf(entry)
    const group = groups.get(name)
    if (group === undefined) groups.set(name, [entry])
    else group.push(entry)
  }
  return [...groups.values()]
}
