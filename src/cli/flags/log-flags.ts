import { type LogFormat, type LogLevel, logFormats, logLevels } from '../../log.ts'
import type { Flag } from './flag.ts'
import type { FlagValues } from './flag-values.ts'

/** What is printed, and how. */
export interface LogChoice {
  readonly level: LogLevel
  readonly format: LogFormat
  readonly timestamp: boolean
}

const group = 'Messages'

export const logFlags: readonly Flag[] = [
  {
    name: 'verbosity',
    alias: 'v',
    kind: 'text',
    default: 'info',
    choices: logLevels,
    description: 'How much to say',
    group,
  },
  {
    name: 'log-format',
    kind: 'text',
    default: 'color',
    choices: logFormats,
    description: 'Form of the messages',
    group,
  },
  { name: 'log-timestamp', kind: 'boolean', description: 'Begin every message with the time', group },
  { name: 'help', alias: 'h', kind: 'boolean', description: 'Print this', group },
]

export function readLogFlags(values: FlagValues): LogChoice {
  return {
    level: values.text('verbosity') as LogLevel,
    format: values.text('log-format') as LogFormat,
    timestamp: values.boolean('log-timestamp'),
  }
}
