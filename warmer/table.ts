/** Lines of columns that stand below each other, two blanks apart. Columns of numbers end where their title ends. */
export function tableLines(titles: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const all = [titles, ...rows]
  const widths = titles.map((_, i) => Math.max(...all.map((row) => (row[i] ?? '').length)))
  const isNumeric = titles.map(
    (_, i) => rows.length > 0 && rows.every((row) => /^(?:[\d.]+(?: \w+)?|-)$/.test(row[i] ?? '')),
  )
  return all.map((row) => {
    const cells = titles.map((_, i) => {
      const [cell, width] = [row[i] ?? '', widths[i] ?? 0]
      return isNumeric[i] === true ? cell.padStart(width) : cell.padEnd(width)
    })
    return cells.join('  ').trimEnd()
  })
}
