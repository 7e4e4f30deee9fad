import type { CarryCounts, CarryReport } from '../../../cache/carry-report.ts'
import { readableSize } from './readable.ts'

export interface CarryReporting {
  /** "Exported", "Would import". */
  readonly verb: string
  readonly format: 'text' | 'json'
}

/** What was carried, on one line for people, or as JSON whose form is stable; see README.md. */
export function carryText(report: CarryReport, { verb, format }: CarryReporting): string {
  if (format === 'json') return `${JSON.stringify({ version: 1, ...report })}\n`
  const { layers, images, foreign, bytes } = report
  const size = bytes === 0 ? '' : `, ${readableSize(bytes)}`
  const lines = [
    `${verb} ${counted(layers.added, 'layer')} and ${counted(images.added, 'warmed image')}${size}`,
    ...rest(layers, images, foreign),
  ]
  return `${lines.join('; ')}\n`
}

function rest(layers: CarryCounts, images: CarryCounts, foreign: number): readonly string[] {
  const sum = (name: keyof CarryCounts): number => layers[name] + images[name]
  const parts: readonly (readonly [number, string])[] = [
    [sum('kept'), 'there already'],
    [sum('incomplete'), 'not complete where they are'],
    [sum('damaged'), 'damaged and left out'],
    [foreign, 'not of a cache'],
  ]
  return parts.filter(([count]) => count > 0).map(([count, text]) => `${count} ${text}`)
}

function counted(count: number, what: string): string {
  return `${count} ${count === 1 ? what : `${what}s`}`
}
