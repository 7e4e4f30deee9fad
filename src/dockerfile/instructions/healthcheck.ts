import { type FlagRules, readFlags } from '../flags.ts'
import { parseGoDuration } from '../go-duration.ts'
import type { HealthcheckInstruction, HealthcheckTimes } from '../instruction.ts'
import type { Statement } from '../statement.ts'
import { commandLine } from '../strings.ts'
import { syntaxError } from '../syntax-error.ts'
import { cutAtBlanks, trim } from '../whitespace.ts'

const flags: FlagRules = {
  interval: { kind: 'text' },
  timeout: { kind: 'text' },
  'start-period': { kind: 'text' },
  'start-interval': { kind: 'text' },
  retries: { kind: 'text' },
}

export function readHealthcheck(statement: Statement): HealthcheckInstruction {
  const { position } = statement
  const [type, rest = ''] = cutAtBlanks(statement.args)
  const given = readFlags('HEALTHCHECK', statement.flags, flags)
  switch (type.toUpperCase()) {
    case '':
      throw syntaxError('HEALTHCHECK needs at least one argument')
    case 'NONE':
      if (trim(rest) !== '') throw syntaxError('HEALTHCHECK NONE takes no arguments')
      return { kind: 'HEALTHCHECK', ...position, none: true }
    case 'CMD': {
      const command = commandLine(trim(rest))
      const isEmpty = command.form === 'exec' ? command.argv.length === 0 : command.command === ''
      if (isEmpty) throw syntaxError('HEALTHCHECK CMD needs a command')
      return { kind: 'HEALTHCHECK', ...position, none: false, ...command, ...timesOf(given) }
    }
    default:
      throw syntaxError(`HEALTHCHECK does not know ${type}`, {
        marks: type,
        fix: 'Write HEALTHCHECK CMD <command>, or HEALTHCHECK NONE.',
      })
  }
}

function timesOf(given: ReadonlyMap<string, string>): HealthcheckTimes {
  const duration = (name: string): number => durationOf(name, given.get(name) ?? '')
  return {
    interval: duration('interval'),
    timeout: duration('timeout'),
    startPeriod: duration('start-period'),
    startInterval: duration('start-interval'),
    retries: retriesOf(given.get('retries') ?? ''),
  }
}

const millisecond = 1_000_000

function durationOf(flag: string, text: string): number {
  if (text === '') return 0
  const duration = parseGoDuration(text)
  if (duration === undefined) {
    throw syntaxError(`--${flag}=${text} is not a duration`, {
      fix: 'Write it like 30s, 1m30s or 500ms.',
      marks: `--${flag}=${text}`,
    })
  }
  if (duration !== 0 && duration < millisecond) {
    throw syntaxError(`--${flag}=${text} is less than 1ms`, { marks: `--${flag}=${text}` })
  }
  return duration
}

function retriesOf(text: string): number {
  if (text === '') return 0
  const retries = /^\+?\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (retries <= 0x7fffffff) return retries
  throw syntaxError(`--retries=${text} is not a number of retries`, { marks: `--retries=${text}` })
}
