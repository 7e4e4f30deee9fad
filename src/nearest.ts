/** The known name that was probably meant, or undefined when none is near. */
export function nearest(wrong: string, known: readonly string[]): string | undefined {
  const tolerated = Math.max(1, Math.floor(wrong.length / 3))
  const ranked = known.map((name) => ({ name, distance: editDistance(wrong, name) }))
  const best = ranked.sort((a, b) => a.distance - b.distance)[0]
  if (best !== undefined && best.distance <= tolerated) return best.name
  const begun = wrong.length < 3 ? [] : known.filter((name) => name.startsWith(wrong))
  return begun.length === 1 ? begun[0] : undefined
}

/** How many letters must be added, dropped, changed or swapped with their neighbour to get from one text to the other. */
export function editDistance(from: string, to: string): number {
  let before: readonly number[] = []
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, i) => i)
  for (let i = 1; i <= from.length; i++) {
    const next = [i]
    for (let j = 1; j <= to.length; j++) {
      const changed = (row[j - 1] ?? 0) + (from[i - 1] === to[j - 1] ? 0 : 1)
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1]
      const swapped = isSwap ? (before[j - 2] ?? 0) + 1 : changed
      next.push(Math.min(changed, swapped, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    before = row
    row = next
  }
  return row[to.length] ?? 0
}
