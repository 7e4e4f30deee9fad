/** One column of a table: its heading, and whether numbers stand in it. */
export interface Column {
  readonly heading: string
  readonly align?: 'right'
}

/** Rows of text below headings, in columns two spaces apart; every line ends. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ heading }) => heading), ...rows]
  const widths = columns.map((_, i) => Math.max(...lines.map((cells) => cells[i]?.length ?? 0)))
  const padded = lines.map((cells) => {
    const parts = columns.map(({ align }, i) => {
      const [cell, width] = [cells[i] ?? '', widths[i] ?? 0]
      return align === 'right' ? cell.padStart(width) : cell.padEnd(width)
    })
    return `${parts.join('  ').trimEnd()}\n`
  })
  return padded.join('')
}
