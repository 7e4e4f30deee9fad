import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flag } from '../../../src/cli/flags/flag.ts'
import { helpText } from '../../../src/cli/flags/help.ts'
import { flagTable } from '../../../src/cli/flags/markdown.ts'
import { executorCommand } from '../../../src/cli/parse-executor.ts'
import { warmerCommand } from '../../../src/cli/parse-warmer.ts'

for (const command of [executorCommand, warmerCommand]) {
  test(`the help of ${command.name} shows every flag that does something, with its description, and no other`, () => {
    const help = helpText(command)
    const words = help.replaceAll(/\s+/g, ' ')
    for (const flag of command.flags) {
      const shown = new RegExp(`^ +(?:-${flag.alias ?? '-'}, )?--${flag.name} `, 'm').test(help)
      assert.equal(shown, flag.fate === undefined, `--${flag.name}`)
      if (shown) assert.ok(words.includes(flag.description), flag.description)
    }
  })

  test(`the help of ${command.name} fits a terminal and ends its last line`, () => {
    const lines = helpText(command).split('\n')
    assert.equal(lines.at(-1), '')
    assert.notEqual(lines.at(-2), '')
    assert.deepEqual(
      lines.filter((line) => line.length > 110),
      [],
    )
    assert.deepEqual(lines.slice(0, 5), [
      command.summary,
      '',
      'Usage:',
      `  ${command.name} [flags]`,
      `  ${command.name} version`,
    ])
  })

  test(`every flag of ${command.name} has a name, letter and description of its own`, () => {
    const names = command.flags.map((flag) => flag.name)
    const letters = command.flags.flatMap((flag) => flag.alias ?? [])
    const texts = command.flags.filter((flag) => flag.fate === undefined).map((flag) => flag.description)
    for (const all of [names, letters, texts]) assert.deepEqual(all, [...new Set(all)])
    for (const text of texts) assert.match(text, /^[A-Z].*[^.]$/)
  })
}

const flags: readonly Flag[] = [
  { name: 'text', alias: 't', kind: 'text', default: 'x', description: 'A text', group: 'One', env: 'TEXT' },
  { name: 'bool', kind: 'boolean', description: 'A switch', group: 'Two' },
  { name: 'mode', kind: 'text', choices: ['a', 'b'], description: 'This|that', group: 'Two' },
  { name: 'gone', kind: 'text', description: '', group: '', fate: { kind: 'no-op', because: 'it is' } },
]

test('defaults, choices, variables and switches are shown with their flag', () => {
  const help = helpText({ name: 'tool', summary: 'Does it.', commands: [], flags })
  assert.match(help, /^One:\n +-t, --text +A text \[\$TEXT\] +\[default: x\]$/m)
  assert.match(help, /^Two:\n +--bool +A switch +\[boolean\]\n +--mode +This\|that: a, b$/m)
})

test('the table for a README has the same flags', () => {
  assert.deepEqual(flagTable(flags).split('\n').slice(2), [
    '| `-t, --text` | `x` | A text; `$TEXT` |',
    '| `--bool` | `false` | A switch |',
    '| `--mode` |  | This\\|that (a, b) |',
  ])
})
