/** Levels as kaniko names them; "fatal" and "panic" are accepted and print what "error" prints. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'panic'] as const
export type LogLevel = (typeof logLevels)[number]

export const logFormats = ['color', 'text', 'json'] as const
export type LogFormat = (typeof logFormats)[number]

/** Handed to whoever has something to say. A child prefixes its lines, for example with the stage's name. */
export interface Log {
  readonly level: LogLevel
  trace(message: string): void
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
  child(prefix: string): Log
}

export interface LogOptions {
  readonly level: LogLevel
  readonly format: LogFormat
  /** Print the time with every line (RFC 3339 in JSON). */
  readonly timestamp: boolean
  /** Texts that must never appear: each is replaced by "***". */
  readonly secrets: readonly string[]
  write(line: string): void
  now(): Date
}

const colors: Readonly<Record<LogLevel, string>> = {
  trace: '\u001b[90m',
  debug: '\u001b[90m',
  info: '\u001b[36m',
  warn: '\u001b[33m',
  error: '\u001b[31m',
  fatal: '\u001b[31m',
  panic: '\u001b[31m',
}

/** Replaces control characters, so that a file name or a registry's answer cannot drive the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what this looks for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g, (c) => {
    return `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** Drops colours and other ways to display text, which say nothing in a log. */
function withoutColors(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: the sequences begin with one
  return text.replace(/\u001b\[[0-9;:]*m/g, '')
}

/** Masks user and password in every URL of a text, and each given secret. */
export function redact(text: string, secrets: readonly string[]): string {
  let out = text.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1***@')
  for (const secret of secrets) if (secret.length > 0) out = out.split(secret).join('***')
  return out
}

/** A log that writes one line per message to `options.write`, without the line's end. */
export function createLog(options: LogOptions, prefix = ''): Log {
  const threshold = logLevels.indexOf(options.level)
  const say = (level: LogLevel, message: string): void => {
    if (logLevels.indexOf(level) < threshold) return
    const clean = printable(redact(withoutColors(prefix + message), options.secrets))
    for (const line of clean.split('\n')) options.write(render(options, level, line))
  }
  return {
    level: options.level,
    trace: (m) => say('trace', m),
    debug: (m) => say('debug', m),
    info: (m) => say('info', m),
    warn: (m) => say('warn', m),
    error: (m) => say('error', m),
    child: (more) => createLog(options, `${prefix}${more} `),
  }
}

function render(options: LogOptions, level: LogLevel, line: string): string {
  const time = options.now().toISOString()
  if (options.format === 'json') {
    return JSON.stringify({ level, msg: line, ...(options.timestamp ? { time } : {}) })
  }
  const label = level.slice(0, 4).toUpperCase()
  const stamp = options.timestamp ? `[${time}] ` : ''
  if (options.format === 'text') return `${stamp}${label} ${line}`
  return `${colors[level]}${label}\u001b[0m ${stamp}${line}`
}
