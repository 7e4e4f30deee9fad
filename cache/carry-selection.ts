/** What of a cache is carried to another one. */
export interface CarrySelection {
  readonly layers: boolean
  /** Warmed base images. */
  readonly images: boolean
  /** One of these must fit the instruction, key or reference; without any, everything does. "*" stands for any text. */
  readonly patterns: readonly string[]
  /** Only what was made or used since then. */
  readonly usedSince: Date | undefined
}

export const everything: CarrySelection = { layers: true, images: true, patterns: [], usedSince: undefined }

export interface Selectable {
  /** All it can be found by. */
  readonly names: readonly string[]
  readonly lastUsed: Date
}

export function isSelected({ names, lastUsed }: Selectable, { patterns, usedSince }: CarrySelection): boolean {
  if (usedSince !== undefined && lastUsed.getTime() < usedSince.getTime()) return false
  return patterns.length === 0 || patterns.some((pattern) => names.some((name) => fits(name, pattern)))
}

/** Whether all of a text is what a pattern says. Takes time in proportion to the text, whatever the pattern. */
export function fits(text: string, pattern: string): boolean {
  const [first = '', ...more] = pattern.split('*')
  const last = more.pop()
  if (last === undefined) return text === pattern
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const part of more) {
    const found = text.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  return text.length - at >= last.length && text.endsWith(last)
}
