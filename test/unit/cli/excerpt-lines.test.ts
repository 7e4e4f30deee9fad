import assert from 'node:assert/strict'
import { test } from 'node:test'
import { excerptLines } from '../../../src/cli/excerpt-lines.ts'
import { errorText, reportError } from '../../../src/cli/report.ts'
import { HearthError } from '../../../src/errors.ts'

test('a marker stands below the words that are meant, and tabs stay tabs', () => {
  assert.deepEqual(excerptLines({ line: 7, column: 6, length: 6, source: 'COPY --chow=1 a b' }), [
    '   7 | COPY --chow=1 a b',
    '     |      ^^^^^^',
  ])
  assert.deepEqual(excerptLines({ line: 12345, column: 3, length: 1, source: '\tüb' }), [
    '12345 | \tüb',
    '      | \t ^',
  ])
})

test('of a long line only the part around the marker is shown', () => {
  for (const at of [1, 2, 60, 109, 110, 111, 500, 999, 1000]) {
    const source = `${'-'.repeat(at - 1)}X${'-'.repeat(1000 - at)}`
    const [shown, marker] = excerptLines({ line: 1, column: at, length: 1, source })
    assert.equal(marker.indexOf('^'), shown.indexOf('X'), String(at))
    assert.ok(shown.length <= 7 + 112)
  }
  const [, marker] = excerptLines({ line: 1, column: 1, length: 1000, source: 'x'.repeat(1000) })
  assert.equal(marker, `     | ${'^'.repeat(110)}`)
})

test('nothing in a line drives a terminal, and no password is shown', () => {
  const lines = ['RUN \u001b[31m x', 'ADD https://me:secret@host.invalid/x /']
  for (const source of lines) {
    const text = excerptLines({ line: 1, column: 5, length: 3, source }).join('\n')
    assert.equal(text.includes('\u001b'), false)
    assert.doesNotMatch(text, /secret/)
  }
})

test('an error with an excerpt shows place, line and marker in place of the text; as JSON, line and column', () => {
  const place = { file: 'D', line: 3, text: 'COPY a b' }
  const bare = new HearthError({ code: 'copy-source', message: 'a is gone', why: 'w' }).at('D:3: COPY a b', place)
  const error = bare.showing({ line: 3, column: 8, length: 1, source: '  COPY a b' })
  const shown = ['  where: D:3:8', '            3 |   COPY a b', '              |        ^', '  why:   w', '']
  assert.equal(errorText(error), ['error[copy-source]: a is gone', ...shown].join('\n'))
  const printed: string[] = []
  const stderr = { write: (text: string) => void printed.push(text) }
  reportError(error, { stderr, log: { level: 'info', format: 'json', timestamp: false } })
  const { where, line, column } = JSON.parse(printed.join(''))
  assert.deepEqual({ where, line, column }, { where: 'D:3: COPY a b', line: 3, column: 8 })
})
