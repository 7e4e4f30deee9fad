import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { keywordsByLine, maskArguments } from '../../../src/dockerfile/ast.ts'
import { readDirectives } from '../../../src/dockerfile/directives.ts'
import { parseIgnoreFile } from '../../../src/dockerfile/ignore.ts'
import { readLogicalLine } from '../../../src/dockerfile/logical-line.ts'
import { parseOnBuild } from '../../../src/dockerfile/parse.ts'
import { sourceLines } from '../../../src/dockerfile/source-lines.ts'
import { HearthError } from '../../../src/errors.ts'
import { parse } from './read.ts'

const piece = fc.constantFrom(
  ...[
    '\n',
    '\n',
    '\r\n',
    ' ',
    '\t',
    '\\',
    '\\\n',
    '`',
    '`\n',
    '#',
    '# escape=`\n',
    '"',
    "'",
    '<<EOF',
    '<<-',
    '<<',
    'EOF',
  ],
  ...[
    '\nEOF\n',
    '$',
    '{',
    '}',
    '[',
    ']',
    ',',
    '=',
    '--',
    '--from=x',
    '--mount',
    'FROM a\n',
    'FROM a AS b\n',
    'RUN ',
    'COPY ',
  ],
  ...[
    'ENV ',
    'ARG ',
    'LABEL ',
    'ONBUILD ',
    'HEALTHCHECK ',
    'CMD ',
    'SHELL ',
    'VOLUME ',
    'EXPOSE ',
    'NONE',
    'a',
    'B=c',
    '1s',
  ],
  ...['\u00a0', '\u2028', '\f', '\ufeff', '😀', 'constructor', '__proto__ '],
)
const dockerfile = fc.array(piece, { maxLength: 40 }).map((pieces) => pieces.join(''))

function orOurError(run: () => unknown): void {
  try {
    run()
  } catch (error) {
    assert.ok(error instanceof HearthError, String(error))
    assert.notEqual(error.code, 'internal')
  }
}

/** An error that names a line shows it, and points into it. */
function checkExcerpt({ where, excerpt }: HearthError, text: string): void {
  const line = /^Dockerfile:(\d+)/.exec(where ?? '')?.[1]
  assert.equal(excerpt === undefined, line === undefined, where)
  if (excerpt === undefined) return
  assert.ok(excerpt.line >= Number(line) && excerpt.length >= 1)
  assert.ok(excerpt.column >= 1 && excerpt.column <= excerpt.source.length + 1)
  const shown = text.replace(/^\uFEFF/, '').split('\n')[excerpt.line - 1]
  assert.equal(excerpt.source, shown?.replace(/\r+$/, ''))
}

test('any text parses or is refused with an error of ours that has a place', () => {
  fc.assert(
    fc.property(fc.oneof(dockerfile, fc.string({ unit: 'binary' })), (text) => {
      for (const whole of [text, `FROM a\n${text}`]) {
        try {
          assert.ok(parse(whole).stages.length > 0)
        } catch (error) {
          assert.ok(error instanceof HearthError, String(error))
          assert.match(error.where ?? '', /^Dockerfile/)
          checkExcerpt(error, whole)
        }
      }
      orOurError(() => parseOnBuild(text, { name: 'base' }))
    }),
    { numRuns: 3000 },
  )
})

test('any ignore file can be read or is refused with an error of ours', () => {
  const unit = fc.constantFrom('*', '**', '?', '[', ']', '^', '-', '!', '\\', '/', '.', 'a', 'b', ' ', '\n', '#')
  const paths = ['a', 'b', 'a/b', 'a/b/a', '.', '']
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 30 }), (text) => {
      orOurError(() => {
        const matcher = parseIgnoreFile(text)
        for (const path of paths) {
          matcher.ignores(path)
          if (matcher.prunes(path)) for (const name of ['a', 'b', 'a/b']) assert.ok(matcher.ignores(`${path}/${name}`))
        }
      })
    }),
    { numRuns: 3000 },
  )
})

test('dockerfile-ast finds the same instructions that we do', () => {
  fc.assert(
    fc.property(dockerfile, (text) => {
      const lines = sourceLines(text, 'Dockerfile')
      const escapeCharacter = readEscape(lines)
      const masked: string[] = []
      const ours: [number, string][] = []
      for (let at = 0; at < lines.length; ) {
        const logical = readLogicalLine(lines, at, escapeCharacter)
        const first = /^[^\t\v\f\r ]+/.exec(logical.text)?.[0]
        // What starts with a line that only continues is ours to name.
        const isNamed = first !== undefined && !/^[\\`]\s*$/.test(logical.lines[0] ?? '')
        if (isNamed) ours.push([at + 1, first.replace(/[^a-z]/giu, 'x')])
        masked.push(...(isNamed ? maskArguments(logical.lines, escapeCharacter) : logical.lines.map(() => '')))
        while (masked.length < logical.end) masked.push('')
        at = logical.end
      }
      assert.deepEqual(keywordsByLine(masked, escapeCharacter), new Map(ours))
    }),
    { numRuns: 3000 },
  )
})

function readEscape(lines: readonly string[]): '\\' | '`' {
  try {
    return readDirectives(lines, 'Dockerfile').escape
  } catch {
    return '\\'
  }
}

const large: readonly (readonly [what: string, text: string])[] = [
  ['many instructions', `FROM a\n${'RUN echo $A "x y" && z\n'.repeat(40_000)}`],
  ['one long instruction', `FROM a\nRUN ${'x '.repeat(500_000)}`],
  ['one instruction on many lines', `FROM a\nRUN x\\\n${'x \\\n# c\n'.repeat(100_000)}x`],
  ['a long heredoc', `FROM a\nRUN <<EOF\n${'x\n'.repeat(500_000)}EOF\n`],
  ['many variables', `FROM a\nENV ${'A=b '.repeat(200_000)}`],
  ['many escape characters', `FROM a\nENV A=${'\\'.repeat(1_000_000)}`],
  ['many blanks', `FROM a\nRUN x${' '.repeat(1_000_000)}y`],
  ['many flags', `FROM a\nRUN ${'--mount=a '.repeat(100_000)} x`],
  ['deep JSON', `FROM a\nRUN ${'['.repeat(1_000_000)}`],
  ['blanks behind heredoc marks', `FROM a\nRUN <<${' '.repeat(1_000_000)}<`],
  ['a long word that is no instruction', `FROM a\n${'x'.repeat(1_000_000)}`],
  ['a long directive', `# syntax=${' '.repeat(1_000_000)}docker/dockerfile\nFROM a`],
]

for (const [what, text] of large) {
  test(`a megabyte of ${what} is read`, () => orOurError(() => parse(text)))
}
