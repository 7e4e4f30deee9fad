import type { Flag } from './flag.ts'
import { parseBoolean, parseInteger } from './scalars.ts'
import { wrongUsage } from './usage.ts'

/**
 * Judges what was given for flags that do nothing here. Gives one line for each that is accepted without effect; throws
 * for one that asks for something not supported.
 */
export function judgeFates(flags: readonly Flag[], given: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return flags.flatMap((flag) => {
    const values = given.get(flag.name) ?? []
    if (flag.fate === undefined || values.length === 0) return []
    if (flag.fate.kind === 'no-op') return [`--${flag.name} has no effect: ${flag.fate.because}`]
    if (flag.fate.kind === 'unsupported' && !values.every((value) => asksForNothing(flag, value))) {
      throw wrongUsage(`--${flag.name} is not supported yet`, flag.fate.instead)
    }
    return []
  })
}

function asksForNothing(flag: Flag, value: string): boolean {
  const fallback = flag.default ?? ''
  if (flag.kind === 'boolean') return parseBoolean(value) === parseBoolean(fallback)
  if (flag.kind === 'integer') return parseInteger(value) === parseInteger(fallback)
  return value === fallback
}
