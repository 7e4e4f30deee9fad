import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogChoice } from '../../../src/cli/flags/log-flags.ts'
import { UsageError } from '../../../src/cli/flags/usage.ts'
import { createProgramLog, errorText, reportError } from '../../../src/cli/report.ts'
import { HearthError } from '../../../src/errors.ts'

const escapeCharacter = '\u001b'
const text: LogChoice = { level: 'info', format: 'text', timestamp: false }
const parts = {
  code: 'copy-source',
  message: 'It is not there',
  where: 'Dockerfile:3',
  why: 'gone',
  fix: 'Add it.',
} as const

function reported(error: unknown, log?: LogChoice): { readonly code: number; readonly printed: string } {
  const printed: string[] = []
  const stderr = { write: (part: string) => void printed.push(part) }
  const code = reportError(error, { stderr, ...(log === undefined ? {} : { log }) })
  return { code, printed: printed.join('') }
}

test('an error is printed as one block: what, where, why, fix', () => {
  assert.deepEqual(reported(new HearthError(parts), text), {
    code: 1,
    printed: 'error[copy-source]: It is not there\n  where: Dockerfile:3\n  why:   gone\n  fix:   Add it.\n',
  })
  const bare = new HearthError({ code: 'run-failed', message: 'Ended with 42', exitCode: 42 })
  assert.deepEqual(reported(bare, text), { code: 42, printed: 'error[run-failed]: Ended with 42\n' })
})

test('only the label is coloured, and only where colour was asked for', () => {
  const plain = errorText(new HearthError(parts))
  const label = 'error[copy-source]'
  assert.equal(
    errorText(new HearthError(parts), true),
    plain.replace(label, `${escapeCharacter}[31m${label}${escapeCharacter}[0m`),
  )
  assert.equal(reported(new HearthError(parts), { ...text, format: 'text' }).printed, plain)
  assert.ok(reported(new HearthError(parts), { ...text, format: 'color' }).printed.startsWith(escapeCharacter))
})

test('as JSON an error is one line with its parts', () => {
  const { printed } = reported(new HearthError(parts), { ...text, format: 'json' })
  const { code, message: msg, where, why, fix } = parts
  assert.deepEqual(JSON.parse(printed), { level: 'error', msg, code, where, why, fix })
  assert.equal(printed.trim().includes('\n'), false)
  const timed = JSON.parse(reported(new HearthError(parts), { ...text, format: 'json', timestamp: true }).printed)
  assert.equal(Number.isNaN(Date.parse(timed.time)), false)
})

test('a command line that makes no sense is answered with the usage, and once more with what is wrong', () => {
  const error = new UsageError(
    new HearthError({ code: 'usage', message: 'unknown flag: --x', fix: 'Did you mean --y?' }),
    'Usage:\n',
  )
  const said = 'Error: unknown flag: --x\nDid you mean --y?\n'
  assert.deepEqual(reported(error), { code: 1, printed: `${said}\nUsage:\n\n${said}` })
})

test('what nobody foresaw says how to report it, and shows its stack to those who debug', () => {
  const unforeseen = new TypeError('x is not a function', { cause: new Error('deeper') })
  const { code, printed } = reported(unforeseen, text)
  assert.equal(code, 1)
  assert.match(printed, /^error\[internal\]: Unexpected failure: x is not a function\n {2}fix: .*report/)
  assert.doesNotMatch(printed, /^\s+at /m)
  const detailed = reported(unforeseen, { ...text, level: 'debug' }).printed
  assert.match(detailed, /caused by: TypeError: x is not a function\n.*at .*caused by: Error: deeper/s)
})

test('an error of the system keeps its own words', () => {
  const full = Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  assert.match(reported(full, text).printed, /^error\[disk-full\]: .*\n {2}why: {3}ENOSPC: no space left/)
})

test('nothing in an error drives the terminal, shows a password or goes on forever', () => {
  const message = `${escapeCharacter}[2J https://me:secret@host/ ${'x'.repeat(10_000)}\nsecond line`
  const { printed } = reported(new HearthError({ code: 'internal', message }), text)
  assert.deepEqual([printed.includes(escapeCharacter), printed.includes('secret')], [false, false])
  assert.ok(printed.length < 5000)
  const lines = errorText(new HearthError({ code: 'internal', message: 'a\nb' })).split('\n')
  assert.deepEqual(lines, ['error[internal]: a', '         b', ''])
})

test('the log of a program goes to standard error, line by line, from the level that was chosen', () => {
  const lines: string[] = []
  const log = createProgramLog({ ...text, level: 'warn' }, { write: (line) => void lines.push(line) })
  log.info('quiet')
  log.warn('one\ntwo')
  log.error('three')
  assert.deepEqual(lines, ['WARN one\n', 'WARN two\n', 'ERRO three\n'])
})
