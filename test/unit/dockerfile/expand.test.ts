import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { expandHeredoc, expandWord, expandWords, type Scope } from '../../../src/dockerfile/expand.ts'
import type { EscapeCharacter } from '../../../src/dockerfile/instruction.ts'
import { errorOf, said } from './read.ts'

const variables: Readonly<Record<string, string>> = {
  HOME: '/home',
  NAME: 'bash',
  EMPTY: '',
  LANG_KO: '한국어',
  X: 'xxyy',
  PATH_LIKE: '/foo*/*/*.txt',
  DOTS: 'a.b.c',
  SPECIAL: '()[]{}^$.*?|\\x',
  TWO: 'one two',
  NEEDLE: '\\*/',
  SLASHED: '/tmp',
}
const scope: Scope = (name) => (Object.hasOwn(variables, name) ? variables[name] : undefined)

function expand(raw: string, escapeCharacter: EscapeCharacter = '\\'): string {
  return expandWord(raw, scope, { escape: escapeCharacter })
}

const expansions: readonly (readonly [raw: string, value: string])[] = JSON.parse(
  readFileSync(join(import.meta.dirname, 'expansions.json'), 'utf8'),
)

for (const [raw, value] of expansions) {
  test(`${raw} expands to ${JSON.stringify(value)}`, () => assert.equal(expand(raw), value))
}

const malformed: readonly (readonly [raw: string, says: RegExp])[] = [
  ["'abc", /no closing '/],
  ['"abc', /no closing "/],
  [`"\${HOME`, /closing "}"/],
  [`\${`, /closing "}"/],
  [`\${HOME`, /closing "}"/],
  [`\${}`, /bad substitution/],
  [`\${{HOME}}`, /bad substitution/],
  [`\${:-x}`, /bad substitution/],
  [`\${HOME=x}`, /unsupported modifier \(=\)/],
  [`\${HOME:=x}`, /unsupported modifier \(:=\)/],
  [`\${HOME:`, /closing "}"/],
  [`\${HOME:-x`, /closing "}"/],
  [`\${UNSET:?needed $NAME}`, /UNSET: needed bash/],
  [`\${UNSET?}`, /UNSET: is not allowed to be unset/],
  [`\${EMPTY:?}`, /EMPTY: is not allowed to be empty/],
  [`\${X//ww}`, /closing "\/"/],
  [`\${X#\\q}`, /not a valid pattern/],
  [`\${X%\\\\\\}`, /closing|not a valid pattern/],
  [`${`\${A:-`.repeat(500)}${'}'.repeat(500)}`, /nested more than/],
]

for (const [raw, says] of malformed) {
  test(`${raw.slice(0, 40)} cannot be expanded`, () => {
    const error = errorOf(() => expand(raw))
    assert.equal(error.code, 'dockerfile-expansion')
    assert.match(said(error), says)
  })
}

test('the escape character of the Dockerfile is the one that escapes', () => {
  assert.equal(expand('c:\\dir', '`'), 'c:\\dir')
  assert.equal(expand('`$HOME', '`'), '$HOME')
  assert.equal(expand('\\$HOME', '`'), '\\/home')
  assert.equal(expand('"``"', '`'), '`')
})

test('words are split after the expansion, and quotes keep blanks', () => {
  const words = (raw: string): readonly string[] => expandWords(raw, scope, { escape: '\\' })
  assert.deepEqual(words('80 $TWO'), ['80', 'one', 'two'])
  assert.deepEqual(words('"$TWO" x'), ['one two', 'x'])
  assert.deepEqual(words("  'a b'c  d\\ e "), ['a bc', 'd e'])
  assert.deepEqual(words('$UNSET ""'), [])
  assert.deepEqual(words(`a\${EMPTY}b`), ['ab'])
})

test('a heredoc body keeps its quotes and loses its backslashes', () => {
  assert.equal(expandHeredoc('"$NAME" \'$NAME\'\n', scope), '"bash" \'bash\'\n')
  assert.equal(expandHeredoc('\\$NAME \\\\ a\\nb\n\\\n', scope), '$NAME \\ anb\n\n')
  assert.equal(expandHeredoc(`it's "open \${UNSET:-fine}\n`, scope), 'it\'s "open fine\n')
  assert.equal(errorOf(() => expandHeredoc(`\${NAME\n`, scope)).code, 'dockerfile-expansion')
})

test('a text without special characters expands to itself', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const plain = text.replace(/[$\\'"]/g, '')
      assert.equal(expand(plain), plain)
    }),
  )
})

test('a quoted value comes back whole', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const value = text.replaceAll("'", '')
      assert.equal(expand(`'${value}'`), value)
      const doubled = text.replace(/["\\$]/g, (char) => `\\${char}`)
      assert.equal(expand(`"${doubled}"`), text)
    }),
  )
})

test('cutting off a prefix and a suffix agrees with a shell on plain patterns', () => {
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 6 })
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 }), pattern, (value, glob) => {
      const whole = new RegExp(`^${glob.replaceAll('*', '.*').replaceAll('?', '.')}$`)
      const ends = Array.from({ length: value.length + 1 }, (_, i) => i)
      const prefixes = ends.filter((end) => whole.test(value.slice(0, end)))
      const suffixes = ends.filter((start) => whole.test(value.slice(start)))
      const at = (operator: string): string =>
        expandWord(`\${V${operator}$P}`, (n) => (n === 'V' ? value : glob), { escape: '\\' })
      assert.equal(at('#'), value.slice(prefixes[0] ?? 0))
      assert.equal(at('##'), value.slice(prefixes.at(-1) ?? 0))
      assert.equal(at('%'), value.slice(0, suffixes.at(-1) ?? value.length))
      assert.equal(at('%%'), value.slice(0, suffixes[0] ?? value.length))
    }),
    // A "#" or "%" at the front of a pattern belongs to the operator; this alphabet has none.
    { numRuns: 500 },
  )
})

test('any text expands or is refused with an error of ours, and soon', () => {
  const unit = fc.constantFrom(
    '$',
    '{',
    '}',
    ':',
    '-',
    '+',
    '?',
    '#',
    '%',
    '/',
    '\\',
    '"',
    "'",
    'A',
    'b',
    ' ',
    '<',
    '*',
  )
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 60 }), (text) => {
      try {
        assert.equal(typeof expand(text), 'string')
        expandWords(text, scope, { escape: '`' })
        expandHeredoc(text, scope)
      } catch (error) {
        assert.equal((error as { code?: string }).code, 'dockerfile-expansion')
      }
    }),
    { numRuns: 2000 },
  )
})

test('many stars in a pattern do not make it slow', () => {
  const long = 'a'.repeat(20_000)
  const pattern = '*a'.repeat(50)
  const value = expandWord(`\${V##${pattern}*b}`, () => long, { escape: '\\' })
  assert.equal(value, long)
  assert.equal(
    expandWord(`\${V//${pattern}b/x}`, () => long, { escape: '\\' }),
    long,
  )
})
