import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createLog, type LogFormat, printable, redact } from '../../src/log.ts'

function logged(
  format: LogFormat,
  timestamp: boolean,
  secrets: readonly string[] = [],
): { lines: string[]; log: ReturnType<typeof createLog> } {
  const lines: string[] = []
  const now = (): Date => new Date('2026-01-02T03:04:05Z')
  return {
    lines,
    log: createLog({ level: 'info', format, timestamp, secrets, now, write: (line) => lines.push(line) }),
  }
}

test('lines below the level are not written', () => {
  const { lines, log } = logged('text', false)
  log.debug('no')
  log.info('yes')
  log.error('also')
  assert.deepEqual(lines, ['INFO yes', 'ERRO also'])
})

test('JSON lines carry level, message and time', () => {
  const { lines, log } = logged('json', true)
  log.child('[a]').warn('b')
  assert.deepEqual(JSON.parse(lines[0] ?? ''), { level: 'warn', msg: '[a] b', time: '2026-01-02T03:04:05.000Z' })
})

test('the text format puts the time first', () => {
  const { lines, log } = logged('text', true)
  log.info('a\nb')
  assert.deepEqual(lines, ['[2026-01-02T03:04:05.000Z] INFO a', '[2026-01-02T03:04:05.000Z] INFO b'])
})

test('secrets and passwords in URLs never reach a line', () => {
  const { lines, log } = logged('text', false, ['hunter2'])
  log.info('password hunter2 for https://me:pw@r.example/v2/ and git+ssh://tok@h/x')
  assert.deepEqual(lines, ['INFO password *** for https://***@r.example/v2/ and git+ssh://***@h/x'])
})

test('colours of what is logged are dropped, other sequences shown', () => {
  const { lines, log } = logged('text', false, ['hunter2'])
  log.info('| \u001b[1;31mred\u001b[0m \u001b[38:5:9mx\u001b[m hun\u001b[4mter2 \u001b[2J')
  assert.deepEqual(lines, ['INFO | red x *** \\u001b[2J'])
})

test('control characters cannot drive the terminal', () => {
  assert.equal(printable('a\u001b[31mb\u202ec\td'), 'a\\u001b[31mb\\u202ec\td')
  assert.equal(redact('plain', ['']), 'plain')
})
