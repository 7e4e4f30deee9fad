import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flag } from '../../../src/cli/flags/flag.ts'
import { type Arguments, readArguments } from '../../../src/cli/flags/read-arguments.ts'
import { editDistance, nearest } from '../../../src/nearest.ts'
import { refusal } from './refusal.ts'

const common = { description: '', group: '' }
const flags: readonly Flag[] = [
  { name: 'text', alias: 't', kind: 'text', ...common },
  { name: 'list', alias: 'l', kind: 'list', ...common },
  { name: 'bool', alias: 'b', kind: 'boolean', ...common },
  { name: 'other', alias: 'o', kind: 'boolean', ...common },
  { name: 'number', kind: 'integer', ...common },
  { name: 'time', kind: 'duration', ...common },
  { name: 'mode', kind: 'text', choices: ['full', 'time'], ...common },
  { name: 'oldText', kind: 'text', ...common, fate: { kind: 'deprecated', use: 'text' } },
  { name: 'gone', kind: 'boolean', ...common, fate: { kind: 'no-op', because: 'it is' } },
]

function read(...argv: readonly string[]): Arguments {
  return readArguments(argv, flags)
}

function given(...argv: readonly string[]): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(read(...argv).given)
}

test('a value follows as a word of its own, after "=", or right behind the letter', () => {
  for (const argv of [['--text', 'v'], ['--text=v'], ['-t', 'v'], ['-tv'], ['-t=v']]) {
    assert.deepEqual(given(...argv), { text: ['v'] }, argv.join(' '))
  }
})

test('a value is taken as it is: dashes, commas, equals signs, blanks, line ends, nothing at all', () => {
  for (const value of ['-x', '--bool', 'a,b', 'k=v=w', ' a b ', 'two\nlines', '', '--']) {
    assert.deepEqual(given('--text', value), { text: [value] })
    assert.deepEqual(given(`--text=${value}`), { text: [value] })
    assert.deepEqual(given('-t', value), { text: [value] })
  }
  assert.deepEqual(given('-t='), { text: ['='] }, 'as pflag reads it')
})

test('every value of a repeated flag is kept, in order and never split', () => {
  assert.deepEqual(given('--list', 'a,b', '-lc', '--list=d=e,f'), { list: ['a,b', 'c', 'd=e,f'] })
  assert.deepEqual(given('--text', '1', '--text', '2'), { text: ['1', '2'] })
})

test('a boolean takes its value after "=" only', () => {
  for (const [word, value] of [
    ['--bool', 'true'],
    ['--bool=false', 'false'],
    ['--bool=F', 'F'],
    ['--bool=1', '1'],
    ['-b', 'true'],
    ['-b=0', '0'],
  ] as const) {
    assert.deepEqual(given(word), { bool: [value] }, word)
  }
  assert.deepEqual(read('--bool', 'false'), {
    given: new Map([['bool', ['true']]]),
    positionals: ['false'],
    warnings: [],
  })
})

test('letters of booleans stand together, and the last may be of a flag with a value', () => {
  assert.deepEqual(given('-bo'), { bool: ['true'], other: ['true'] })
  assert.deepEqual(given('-botv'), { bool: ['true'], other: ['true'], text: ['v'] })
  assert.deepEqual(given('-bt', 'v'), { bool: ['true'], text: ['v'] })
})

test('words without a flag are positional, and so is everything after "--"', () => {
  assert.deepEqual(read('a', '--bool', '-', 'b').positionals, ['a', '-', 'b'])
  assert.deepEqual(read('--', '--bool', '-t', '--').positionals, ['--bool', '-t', '--'])
})

for (const [argv, message] of [
  [['--unknown'], 'unknown flag: --unknown'],
  [['--unknown=x'], 'unknown flag: --unknown'],
  [['--Text', 'x'], 'unknown flag: --Text'],
  [['-x'], "unknown shorthand flag: 'x' in -x"],
  [['-bx'], "unknown shorthand flag: 'x' in -x"],
  [['--text'], 'flag needs an argument: --text'],
  [['-t'], "flag needs an argument: 't' in -t"],
  [['-bt'], "flag needs an argument: 't' in -t"],
  [['--=x'], 'bad flag syntax: --=x'],
  [['---text'], 'bad flag syntax: ---text'],
  [
    ['--bool=maybe'],
    'invalid argument "maybe" for "-b, --bool" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
  ],
  [['--bool='], 'invalid argument "" for "-b, --bool" flag: strconv.ParseBool: parsing "": invalid syntax'],
  [['--number=many'], 'invalid argument "many" for "--number" flag: strconv.ParseInt: parsing "many": invalid syntax'],
  [['--time', '6'], 'invalid argument "6" for "--time" flag: time: missing unit in duration "6"'],
  [['--mode', 'odd'], 'invalid argument "odd" for "--mode" flag: it must be one of full, time'],
] as const) {
  test(`"${argv.join(' ')}" is refused in pflag's words`, () => {
    assert.throws(() => read(...argv), refusal('usage', message))
  })
}

test('an unknown flag brings up the one that was meant, older spellings never', () => {
  assert.throws(() => read('--tulip'), refusal('usage', /unknown flag: --tulip/, undefined))
  assert.throws(() => read('--lis=x'), refusal('usage', /unknown flag: --lis/, 'Did you mean -l, --list?'))
  assert.throws(() => read('--numbr'), refusal('usage', /--numbr/, 'Did you mean --number?'))
  assert.throws(() => read('--gon'), refusal('usage', /--gon/, undefined))
})

test('an older spelling counts as the flag it stands for, with one warning', () => {
  const { given, warnings } = read('--oldText', 'a', '--text=b', '--oldText=c')
  assert.deepEqual(given, new Map([['text', ['a', 'b', 'c']]]))
  assert.deepEqual(warnings, ['Flag --oldText has been deprecated, please use --text instead'])
})

test('the nearest name is found by how many letters differ', () => {
  assert.equal(editDistance('kitten', 'sitting'), 3)
  assert.equal(editDistance('', 'abc'), 3)
  assert.equal(editDistance('PAHT', 'PATH'), 1)
  assert.equal(editDistance('ab', 'ba'), 1)
  assert.equal(nearest('destinatoin', ['target', 'destination', 'dockerfile']), 'destination')
  assert.equal(nearest('zzzz', ['target', 'destination']), undefined)
  assert.equal(nearest('x', []), undefined)
})
