import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { executorFlags } from '../../../src/cli/flags/executor-flags.ts'
import type { Flag } from '../../../src/cli/flags/flag.ts'
import { lintFlags } from '../../../src/cli/flags/lint-flags.ts'
import { flagTable } from '../../../src/cli/flags/markdown.ts'
import { warmerFlags } from '../../../src/cli/flags/warmer-flags.ts'
import { checkout } from '../../support/dist.ts'

const path = join(checkout, 'README.md')

/** README.md with its flag tables as they should be. */
function withTables(text: string, tables: Readonly<Record<string, readonly Flag[]>>): string {
  return Object.entries(tables).reduce((all, [name, flags]) => {
    const section = new RegExp(`(<!-- flags: ${name} -->\n)[^]*?(<!-- /flags -->)`)
    assert.match(all, section)
    return all.replace(section, (_, start: string, end: string) => `${start}${flagTable(flags)}\n${end}`)
  }, text)
}

test('the flag tables of the README are those of the programs; UPDATE_README=1 writes them', () => {
  const text = readFileSync(path, 'utf8')
  const expected = withTables(text, { executor: executorFlags, lint: lintFlags, warmer: warmerFlags })
  if (process.env.UPDATE_README === '1') writeFileSync(path, expected)
  else assert.equal(text, expected)
})
