import { HearthError } from '../errors.ts'
import { printable } from '../log.ts'

/** Where in an archive something is wrong. */
export interface TarPlace {
  /** Counted from 1. */
  readonly entry: number
  /** Offset of the entry's first header. */
  readonly offset: number
  /** The raw name, as far as it is known. */
  readonly name: string
}

/** The error for an archive that must not be used. */
export function invalidTar(why: string, { entry, offset, name }: TarPlace, cause?: unknown): HearthError {
  const text = Buffer.from(name, 'latin1').toString('utf8')
  const short = text.length > maxShown ? `${text.slice(0, maxShown)}…` : text
  const named = short === '' ? '' : ` "${printable(short).replaceAll('\n', '\\n').replaceAll('\t', '\\t')}"`
  return new HearthError({
    code: 'layer-invalid',
    message: `The archive is invalid at entry ${entry}${named} (byte ${offset})`,
    why,
    fix: 'It is damaged, or made to do harm: get it again, or make it again with another program.',
    cause,
  })
}

const maxShown = 200
