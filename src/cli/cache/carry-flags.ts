import type { CarrySelection } from '../../../cache/carry-selection.ts'
import type { Flag } from '../flags/flag.ts'
import type { FlagValues } from '../flags/flag-values.ts'

export const carryFormats = ['text', 'json'] as const

const kinds = ['all', 'layer', 'image'] as const

/** The flags of "cache export" and "cache import" that say what is carried. */
export const carryFlags: readonly Flag[] = [
  { name: 'cache-dir', kind: 'text', default: '/cache', description: 'Directory of the local cache', group: 'Cache' },
  {
    name: 'kind',
    kind: 'text',
    default: 'all',
    choices: kinds,
    description: 'What to carry: cached layers, warmed images, or all',
    group: 'Cache',
  },
  {
    name: 'match',
    kind: 'list',
    description: 'Only what this fits, an instruction, key or reference; * stands for any text; repeatable',
    group: 'Cache',
  },
  { name: 'dry-run', kind: 'boolean', description: 'Only say what would be done', group: 'Output' },
  {
    name: 'format',
    kind: 'text',
    default: 'text',
    choices: carryFormats,
    description: 'Form of the report',
    group: 'Output',
  },
]

export function readSelection(values: FlagValues, usedSince: Date | undefined): CarrySelection {
  const kind = values.text('kind')
  return { layers: kind !== 'image', images: kind !== 'layer', patterns: values.list('match'), usedSince }
}

/** Where "-" or a name's end says that a tar is meant, and a directory otherwise. */
export function placeOf(text: string): { readonly form: 'stream' | 'archive' | 'layout'; readonly path: string } {
  if (text === '-') return { form: 'stream', path: text }
  const path = text.startsWith('oci:') ? text.slice('oci:'.length) : text
  return { form: path.endsWith('.tar') && path === text ? 'archive' : 'layout', path }
}
