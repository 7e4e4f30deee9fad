import { nearest } from '../../nearest.ts'
import { type Flag, flagLabel } from './flag.ts'
import { checkValue } from './flag-values.ts'
import { wrongUsage } from './usage.ts'

export interface Arguments {
  /** Every value of every flag that was given, checked; deprecated spellings are under the flag they stand for. */
  readonly given: ReadonlyMap<string, readonly string[]>
  readonly positionals: readonly string[]
  readonly warnings: readonly string[]
}

interface Reading {
  readonly flags: readonly Flag[]
  /** Not read yet, the next first. */
  readonly rest: string[]
  readonly given: Map<string, string[]>
  readonly warnings: Set<string>
}

/**
 * Reads a command line by the rules of Go's pflag. yargs, which knows the flags for the help, cannot do this: it takes
 * the "false" of "--cache false" for the flag's value, and a value that starts with a dash for the next flag.
 */
export function readArguments(argv: readonly string[], flags: readonly Flag[]): Arguments {
  const reading: Reading = { flags, rest: [...argv], given: new Map(), warnings: new Set() }
  const positionals: string[] = []
  for (let word = reading.rest.shift(); word !== undefined; word = reading.rest.shift()) {
    if (word === '--') positionals.push(...reading.rest.splice(0))
    else if (word.startsWith('--')) readLong(word, reading)
    else if (word.startsWith('-') && word !== '-') readShort(word.slice(1), reading)
    else positionals.push(word)
  }
  return { given: reading.given, positionals, warnings: [...reading.warnings] }
}

/** "--name", "--name=value", "--name value". */
function readLong(word: string, reading: Reading): void {
  const [, name = '', value] = /^--([^=]*)(?:=(.*))?$/s.exec(word) ?? []
  if (name === '' || name.startsWith('-')) throw wrongUsage(`bad flag syntax: ${word}`)
  const flag = reading.flags.find((candidate) => candidate.name === name)
  if (flag === undefined) throw unknownFlag(name, reading.flags)
  take(flag, value ?? valueAfter(flag, reading, `--${name}`), reading)
}

/** "-v value", "-v=value", "-vvalue"; letters of booleans may stand together. */
function readShort(letters: string, reading: Reading): void {
  const letter = letters.slice(0, 1)
  const rest = letters.slice(1)
  const flag = reading.flags.find((candidate) => candidate.alias === letter)
  if (flag === undefined) throw wrongUsage(`unknown shorthand flag: '${letter}' in -${letters}`)
  if (rest.length > 1 && rest.startsWith('=')) {
    take(flag, rest.slice(1), reading)
  } else if (flag.kind === 'boolean') {
    take(flag, 'true', reading)
    if (rest !== '') readShort(rest, reading)
  } else {
    take(flag, rest === '' ? valueAfter(flag, reading, `'${letter}' in -${letters}`) : rest, reading)
  }
}

function valueAfter(flag: Flag, reading: Reading, shown: string): string {
  if (flag.kind === 'boolean') return 'true'
  const value = reading.rest.shift()
  if (value === undefined) throw wrongUsage(`flag needs an argument: ${shown}`)
  return value
}

function take(flag: Flag, value: string, reading: Reading): void {
  checkValue(flag, value)
  const name = flag.fate?.kind === 'deprecated' ? flag.fate.use : flag.name
  if (name !== flag.name) {
    reading.warnings.add(`Flag --${flag.name} has been deprecated, please use --${name} instead`)
  }
  reading.given.set(name, [...(reading.given.get(name) ?? []), value])
}

function unknownFlag(name: string, flags: readonly Flag[]): Error {
  const meant = nearest(
    name,
    flags.filter((flag) => flag.fate === undefined).map((flag) => flag.name),
  )
  const flag = flags.find((candidate) => candidate.name === meant)
  return wrongUsage(`unknown flag: --${name}`, flag === undefined ? undefined : `Did you mean ${flagLabel(flag)}?`)
}
