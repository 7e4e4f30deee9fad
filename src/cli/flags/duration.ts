import { parseGoDuration } from '../../dockerfile/go-duration.ts'

/** Parses Go's durations ("6h", "1h30m", "1.5s", "0") to milliseconds, and refuses others in Go's words. */
export function parseDuration(text: string): number {
  const nanoseconds = parseGoDuration(text)
  if (nanoseconds !== undefined) return nanoseconds / 1e6
  const parts = [...text.replace(/^[+-]/, '').matchAll(/(?:\d+\.?\d*|\.\d+)([^\d.]*)/gy)]
  const units = parts.map(([, unit = '']) => unit)
  const wrong = units.find((unit) => !['ns', 'us', '\u00b5s', '\u03bcs', 'ms', 's', 'm', 'h'].includes(unit))
  const isWhole = parts.map(([part]) => part).join('') === text.replace(/^[+-]/, '')
  if (!isWhole || wrong === undefined) throw new Error(`time: invalid duration ${JSON.stringify(text)}`)
  if (wrong === '') throw new Error(`time: missing unit in duration ${JSON.stringify(text)}`)
  throw new Error(`time: unknown unit ${JSON.stringify(wrong)} in duration ${JSON.stringify(text)}`)
}
