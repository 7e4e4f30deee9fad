import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from './dist.ts'
import type { ImageName } from './image-builds.ts'

/** Compressed sizes of the images in millions of bytes, as README.md has them. */
export function sizesInReadme(): Readonly<Record<ImageName | 'executorByHearth', number>> {
  const text = readFileSync(join(checkout, 'README.md'), 'utf8')
  const size = (pattern: RegExp): number => {
    const found = pattern.exec(text)?.[1]
    if (found === undefined) throw new Error(`README.md has no line like ${pattern}`)
    return Number(found)
  }
  const inRow = (title: string): number => size(new RegExp(`^\\| \`${title}\` \\|.*\\| ([\\d.]+) MB`, 'm'))
  return {
    executor: inRow('executor'),
    slim: inRow('slim'),
    debug: inRow('debug'),
    warmer: inRow('Dockerfile.warmer'),
    executorByHearth: size(/\(by hearth ([\d.]+) MB\)/),
  }
}

export function megabytes(size: number): string {
  return `${(size / 1e6).toFixed(1)} MB`
}
