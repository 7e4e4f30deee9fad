const units = [
  { name: 'kB', bytes: 1e3, digits: 1 },
  { name: 'MB', bytes: 1e6, digits: 1 },
  { name: 'GB', bytes: 1e9, digits: 2 },
] as const

/** "28.1 MB" */
export function readableSize(bytes: number): string {
  const unit = unitOf(bytes)
  return `${inUnit(bytes, unit)} ${unit.name}`
}

/** "412.0 of 980.3 MB", in the unit of the whole. */
export function readableSizes(part: number, whole: number): string {
  const unit = unitOf(whole)
  return `${inUnit(part, unit)} of ${inUnit(whole, unit)} ${unit.name}`
}

type Unit = (typeof units)[number]

function unitOf(bytes: number): Unit {
  return units.findLast((unit) => bytes >= unit.bytes) ?? units[0]
}

function inUnit(bytes: number, { bytes: one, digits }: Unit): string {
  return (bytes / one).toFixed(digits)
}
