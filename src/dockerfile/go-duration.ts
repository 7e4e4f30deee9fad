const nanoseconds: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  '\u00b5s': 1e3,
  '\u03bcs': 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
}

/** The longest duration Go can hold, about 292 years. */
const longest = 2 ** 63

/** Parses Go's durations ("1h30m", "1.5s", "-2ms", "0") to nanoseconds; undefined for what is none. */
export function parseGoDuration(text: string): number | undefined {
  const isNegative = text.startsWith('-')
  const digits = /^[+-]/.test(text) ? text.slice(1) : text
  if (digits === '0') return 0
  const part = /(\d+\.?\d*|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y
  let total = 0
  let end = 0
  for (let match = part.exec(digits); match !== null; match = part.exec(digits)) {
    total += Math.trunc(Number(match[1]) * (nanoseconds[match[2] ?? ''] ?? 0))
    end = part.lastIndex
  }
  if (end === 0 || end !== digits.length || total >= longest) return undefined
  return isNegative ? -total : total
}

/** Writes nanoseconds as Go does: "1h0m0s", "1.5s", "250ms", "0s". */
export function formatGoDuration(duration: number): string {
  const size = Math.abs(duration)
  const sign = duration < 0 ? '-' : ''
  if (size === 0) return '0s'
  const small = smallUnits.find(([, unit]) => size < unit * 1000)
  if (small !== undefined) return `${sign}${size / small[1]}${small[0]}`
  const hours = Math.floor(size / 3600e9)
  const minutes = Math.floor((size % 3600e9) / 60e9)
  const seconds = `${(size % 60e9) / 1e9}s`
  return `${sign}${hours > 0 ? `${hours}h` : ''}${hours > 0 || minutes > 0 ? `${minutes}m` : ''}${seconds}`
}

const smallUnits = [
  ['ns', 1],
  ['\u00b5s', 1e3],
  ['ms', 1e6],
] as const
