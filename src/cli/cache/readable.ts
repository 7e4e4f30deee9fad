import { printable } from '../../log.ts'

const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'] as const

/** "512 B", "28.1 MiB": one digit after the point from a KiB on. */
export function readableSize(bytes: number): string {
  let [value, at] = [bytes, 0]
  while (value >= 1024 && at < units.length - 1) [value, at] = [value / 1024, at + 1]
  return `${at === 0 ? value : value.toFixed(1)} ${units[at]}`
}

const spans = [
  [86_400, 'd'],
  [3600, 'h'],
  [60, 'm'],
] as const

/** How long ago: "3d", "2h", "5m", "12s"; what lies in the future was just now. */
export function readableAge(time: Date, now: Date): string {
  const seconds = Math.max(0, Math.floor((now.getTime() - time.getTime()) / 1000))
  const span = spans.find(([length]) => seconds >= length)
  return span === undefined ? `${seconds}s` : `${Math.floor(seconds / span[0])}${span[1]}`
}

/** A key or a digest by as many digits as people compare. */
export function shortName(name: string): string {
  const [, algorithm = '', digits] = /^(?:(sha256|sha512):)?([0-9a-f]{64,128})$/.exec(name) ?? []
  if (digits === undefined) return printable(name)
  return algorithm === '' ? digits.slice(0, 12) : `${algorithm}:${digits.slice(0, 12)}`
}

/** The first line of a text, cut where it is long. */
export function shortTitle(title: string): string {
  const text = printable(title.replaceAll(/\s+/g, ' ').trim())
  return text.length > 72 ? `${text.slice(0, 71)}…` : text
}
