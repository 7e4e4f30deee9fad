import { printable } from '../src/log.ts'
import { readableSize } from './readable-size.ts'
import type { ReportRow } from './report.ts'
import { tableLines } from './table.ts'

const titles = ['OUTCOME', 'IMAGE', 'PLATFORM', 'DIGEST', 'LAYERS', 'TRANSFERRED', 'SECONDS']

/** A line for each image, below titles; digests are shortened. What went wrong is said elsewhere, but for its code. */
export function reportTable(rows: readonly ReportRow[]): readonly string[] {
  return tableLines(titles, rows.map(cellsOf))
}

function cellsOf(row: ReportRow): readonly string[] {
  const { outcome, reference, platform, digest, layers, bytesTransferred, seconds, error } = row
  return [
    error === null ? outcome : `failed: ${error.code}`,
    printable(reference).replaceAll('\n', ' '),
    platform ?? '-',
    digest === null ? '-' : shortDigest(digest),
    layers === null ? '-' : String(layers),
    bytesTransferred === 0 ? '-' : readableSize(bytesTransferred),
    seconds.toFixed(1),
  ]
}

/** "sha256:0123456789ab" */
export function shortDigest(digest: string): string {
  const [algorithm = '', hex = ''] = digest.split(':')
  return `${algorithm}:${hex.slice(0, 12)}`
}
