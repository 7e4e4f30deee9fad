import assert from 'node:assert/strict'
import { test } from 'node:test'
import { excerptOf, withExcerpt } from '../../../src/dockerfile/excerpt.ts'
import { HearthError } from '../../../src/errors.ts'
import { errorOf, parse } from './read.ts'

const marked: readonly (readonly [text: string, mark: string])[] = [
  ['FROM a\nCOPPY a b', '2:1 COPPY'],
  ['FROM a\n\t copy --chow=1 --chown=2 a b', '2:8 --chow'],
  ['FROM a\nCOPY \\\n  # --chow\n  --chow=1 a b', '3:5 --chow'],
  ['FROM a\nCOPY --link=maybe a b', '2:6 --link=maybe'],
  ['FROM a\nCOPY --chown a b', '2:6 --chown'],
  ['FROM a\nCOPY --chown=1 --chown=2 a b', '2:6 --chown'],
  ['FROM a AS 1st', '1:11 1st'],
  ['FROM a b', '1:1 FROM a b'],
  ['FROM a\nENV A=1 B', '2:9 B'],
  ['FROM a\nHEALTHCHECK --interval=x CMD a', '2:13 --interval=x'],
  ['FROM a\nHEALTHCHECK CDM a', '2:13 CDM'],
  ['FROM a\nCOPY --from=$x a b', '2:6 --from=$x'],
  ['FROM a\nRUN <<EOF\nx', '2:5 <<EOF'],
  ['FROM a\nONBUILD COPPY a b', '2:9 COPPY'],
  ['# escape=x\nFROM a', '1:10 x'],
  ['# check=hope=1\nFROM a', '1:9 hope=1'],
  ['# syntax=other:1\nFROM a', '1:10 other:1'],
  ['RUN a\nFROM a', '1:1 RUN a'],
  ['FROM a\nENV "é"=1 ü', '2:11 ü'],
]

for (const [text, mark] of marked) {
  test(`the error of ${JSON.stringify(text)} points at ${mark}`, () => {
    const { excerpt } = errorOf(() => parse(text))
    assert.ok(excerpt)
    const { line, column, length, source } = excerpt
    assert.equal(source, text.split('\n')[line - 1])
    assert.equal(`${line}:${column} ${[...source].slice(column - 1, column - 1 + length).join('')}`, mark)
  })
}

test('the first word that is there counts, a whole one before a part of one', () => {
  const lines = ['RUN xab ab \\', '  c']
  assert.deepEqual(excerptOf(lines, { line: 1, endLine: 2 }, ['none', 'ab', 'c']), {
    line: 1,
    column: 9,
    length: 2,
    source: lines[0],
  })
  assert.equal(excerptOf(lines, { line: 1, endLine: 2 }, ['xa']).column, 5)
  assert.equal(excerptOf(lines, { line: 1, endLine: 2 }, ['c']).line, 2)
})

test('an error about something else stays as it is', () => {
  const dockerfile = parse('FROM a\nRUN b')
  const error = new HearthError({ code: 'run-failed', message: 'x' })
  const here = { file: 'Dockerfile', line: 2, text: 'RUN b' }
  assert.equal(withExcerpt('text', dockerfile), 'text')
  assert.equal(withExcerpt(error, dockerfile), error)
  const placed = [error.at('w', { ...here, file: 'Other' }), error.at('w', { ...here, text: 'COPY of a trigger' })]
  for (const other of placed) assert.equal(withExcerpt(other, dockerfile), other)
  assert.equal((withExcerpt(error.at('w', here), dockerfile) as HearthError).excerpt?.source, 'RUN b')
})
