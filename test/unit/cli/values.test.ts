import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDuration } from '../../../src/cli/flags/duration.ts'
import { judgeFates } from '../../../src/cli/flags/fates.ts'
import type { Flag } from '../../../src/cli/flags/flag.ts'
import { FlagValues } from '../../../src/cli/flags/flag-values.ts'
import { parseMultiMap, splitPair } from '../../../src/cli/flags/pairs.ts'
import { parseBoolean, parseInteger } from '../../../src/cli/flags/scalars.ts'
import { refusal } from './refusal.ts'

for (const [text, milliseconds] of [
  ['336h', 336 * 3600_000],
  ['336h0m0s', 336 * 3600_000],
  ['1h30m', 5400_000],
  ['1.5s', 1500],
  ['.5s', 500],
  ['1.s', 1000],
  ['250ms', 250],
  ['1us', 0.001],
  ['1µs', 0.001],
  ['1μs', 0.001],
  ['1ns', 0.000001],
  ['0', 0],
  ['-0', 0],
  ['+2m', 120_000],
  ['-2m', -120_000],
  ['1m1m', 120_000],
] as const) {
  test(`the duration "${text}" is ${milliseconds} ms`, () =>
    assert.equal(Math.abs(parseDuration(text) - milliseconds), 0))
}

for (const [text, message] of [
  ['', 'time: invalid duration ""'],
  ['6', 'time: missing unit in duration "6"'],
  ['1h30', 'time: missing unit in duration "1h30"'],
  ['2d', 'time: unknown unit "d" in duration "2d"'],
  ['h', 'time: invalid duration "h"'],
  ['.h', 'time: invalid duration ".h"'],
  ['--1h', 'time: invalid duration "--1h"'],
  ['1h -2m', 'time: unknown unit "h -" in duration "1h -2m"'],
  ['9999999999h', 'time: invalid duration "9999999999h"'],
] as const) {
  test(`the duration "${text}" is refused in Go's words`, () => assert.throws(() => parseDuration(text), { message }))
}

test("booleans are Go's", () => {
  for (const text of ['1', 't', 'T', 'TRUE', 'true', 'True']) assert.equal(parseBoolean(text), true)
  for (const text of ['0', 'f', 'F', 'FALSE', 'false', 'False']) assert.equal(parseBoolean(text), false)
  for (const text of ['', 'yes', 'on', 'tRUE', ' true', '2'])
    assert.throws(() => parseBoolean(text), /strconv.ParseBool/)
})

test('integers are whole, decimal and at least -1', () => {
  assert.deepEqual(['0', '7', '+7', '-1', '007'].map(parseInteger), [0, 7, 7, -1, 7])
  for (const text of ['', '1.5', '1e3', ' 1', '0x1', 'one']) assert.throws(() => parseInteger(text), /invalid syntax/)
  assert.throws(() => parseInteger('99999999999999999999'), /out of range/)
  assert.throws(() => parseInteger('-2'), /must not be negative/)
})

test('pairs are split at the first "="', () => {
  assert.deepEqual(splitPair('a=b=c'), ['a', 'b=c'])
  assert.deepEqual(splitPair('a='), ['a', ''])
  assert.deepEqual(splitPair('=b'), ['', 'b'])
  assert.equal(splitPair('a'), undefined)
})

test('maps of several values add up in the order given', () => {
  const map = parseMultiMap(['a=1;b=2', 'a=3/x', 'b=4=5'])
  assert.deepEqual(
    [...map],
    [
      ['a', ['1', '3/x']],
      ['b', ['2', '4=5']],
    ],
  )
  for (const bad of ['a', 'a=', '=b', 'a=1;', '']) assert.throws(() => parseMultiMap([bad]), /expect key=value, got/)
})

const common = { description: '', group: '' }
const flags: readonly Flag[] = [
  { name: 'text', kind: 'text', default: 'usual', ...common },
  { name: 'list', kind: 'list', ...common },
  { name: 'on', kind: 'boolean', default: 'true', ...common },
  { name: 'off', kind: 'boolean', ...common },
  { name: 'count', kind: 'integer', default: '3', ...common },
  { name: 'time', kind: 'duration', default: '2h', ...common },
]

test('a flag that was not given has its default', () => {
  const values = new FlagValues(flags, new Map())
  assert.deepEqual(
    [values.text('text'), values.list('list'), values.boolean('on'), values.boolean('off'), values.integer('count')],
    ['usual', [], true, false, 3],
  )
  assert.equal(values.milliseconds('time'), 7200_000)
  assert.equal(values.isGiven('text'), false)
  assert.equal(values.boolean('of-another-command'), false)
})

test('the last value given wins, except in a list', () => {
  const given = new Map(['text', 'list', 'on', 'count', 'time'].map((name) => [name, [] as string[]]))
  given.set('text', ['a', 'b']).set('list', ['a', 'b']).set('on', ['true', 'false'])
  given.set('count', ['1', '2']).set('time', ['1s', '2s'])
  const values = new FlagValues(flags, given)
  assert.deepEqual(
    [
      values.text('text'),
      values.list('list'),
      values.boolean('on'),
      values.integer('count'),
      values.milliseconds('time'),
    ],
    ['b', ['a', 'b'], false, 2, 2000],
  )
  assert.equal(values.isGiven('text'), true)
})

test('a text given empty counts as not given where that is asked for', () => {
  assert.equal(new FlagValues(flags, new Map([['text', ['']]])).optional('text'), undefined)
  assert.equal(new FlagValues(flags, new Map([['text', ['x']]])).optional('text'), 'x')
})

test('asking for a flag of another kind is a defect, not a default', () => {
  assert.throws(() => new FlagValues(flags, new Map()).text('list'), refusal('internal', /no text flag --list/))
  assert.throws(() => new FlagValues(flags, new Map()).list('missing'), refusal('internal', /no list flag --missing/))
})

const fated: readonly Flag[] = [
  { name: 'plain', kind: 'text', ...common },
  { name: 'idle', kind: 'boolean', ...common, fate: { kind: 'no-op', because: 'nothing needs it' } },
  { name: 'flag', kind: 'boolean', default: 'false', ...common, fate: { kind: 'unsupported', instead: 'Do it.' } },
  { name: 'level', kind: 'integer', default: '-1', ...common, fate: { kind: 'unsupported' } },
  { name: 'form', kind: 'text', default: 'oci', ...common, fate: { kind: 'unsupported' } },
  { name: 'word', kind: 'text', ...common, fate: { kind: 'unsupported' } },
  { name: 'words', kind: 'list', ...common, fate: { kind: 'unsupported' } },
]

test('a flag without effect is accepted and gives one line that says why', () => {
  const given = new Map([
    ['plain', ['x']],
    ['idle', ['true', 'false']],
  ])
  assert.deepEqual(judgeFates(fated, given), ['--idle has no effect: nothing needs it'])
})

test('a flag that is not supported is accepted with the value that asks for nothing, and refused with others', () => {
  const harmless = [
    ['flag', 'false'],
    ['flag', '0'],
    ['level', '-1'],
    ['form', 'oci'],
    ['word', ''],
  ]
  for (const [name = '', value = ''] of harmless) assert.deepEqual(judgeFates(fated, new Map([[name, [value]]])), [])
  const wrong = [
    ['flag', 'true'],
    ['level', '0'],
    ['form', 'docker'],
    ['word', 'x'],
    ['words', 'x'],
  ]
  for (const [name = '', value = ''] of wrong) {
    assert.throws(
      () => judgeFates(fated, new Map([[name, [value]]])),
      refusal('usage', `--${name} is not supported yet`),
    )
  }
  assert.throws(() => judgeFates(fated, new Map([['flag', ['false', 'true']]])), refusal('usage', /--flag/, 'Do it.'))
})
