import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkout } from '../support/dist.ts'

const section = /(<!-- matrix -->\n).*?(<!-- \/matrix -->)/s

/** Puts the table between its two marks in README.md. */
export function updateReadme(table: string): void {
  const path = join(checkout, 'README.md')
  const text = readFileSync(path, 'utf8')
  if (!section.test(text)) throw new Error('README.md has no place for the matrix')
  writeFileSync(
    path,
    text.replace(section, (_, start: string, end: string) => `${start}${table}\n${end}`),
  )
}

/** The rows of the table that README.md has, without its head. */
export function readmeRows(): readonly string[] {
  const found = section.exec(readFileSync(join(checkout, 'README.md'), 'utf8'))?.[0] ?? ''
  return found.split('\n').filter((line) => /^\| (?!where)/.test(line))
}
