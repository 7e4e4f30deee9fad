/**
 * Every failure a user can cause or meet has one of these codes. They are stable: scripts and searches rely on them.
 * One word per place that failed, then what was wrong there.
 */
export type ErrorCode =
  | 'usage'
  | 'dockerfile-syntax'
  | 'dockerfile-unsupported'
  | 'dockerfile-missing'
  | 'dockerfile-stage'
  | 'dockerfile-expansion'
  | 'dockerfile-check'
  | 'context-missing'
  | 'context-unsupported'
  | 'context-ignore'
  | 'copy-source'
  | 'copy-destination'
  | 'add-download'
  | 'git-address'
  | 'git-fetch'
  | 'git-revision'
  | 'user-unknown'
  | 'reference-invalid'
  | 'platform-invalid'
  | 'platform-missing'
  | 'manifest-invalid'
  | 'config-invalid'
  | 'image-missing'
  | 'registry-auth'
  | 'registry-not-found'
  | 'registry-unreachable'
  | 'registry-refused'
  | 'registry-rate-limit'
  | 'credentials-invalid'
  | 'integrity'
  | 'layer-invalid'
  | 'compression-unsupported'
  | 'disk-full'
  | 'permission'
  | 'cache-unusable'
  | 'run-failed'
  | 'run-unavailable'
  | 'output-failed'
  | 'warm-failed'
  | 'list-unreadable'
  | 'lock-invalid'
  | 'lock-mismatch'
  | 'interrupted'
  | 'internal'

/** Lines of a file that an error is about, counted from 1, and the instruction that stands there. */
export interface Place {
  readonly file: string
  readonly line: number
  readonly endLine?: number
  readonly text: string
}

/** A line of source, without its end, and the part of it that is meant. Line and column count from 1. */
export interface Excerpt {
  readonly line: number
  readonly column: number
  /** In characters, at least 1. */
  readonly length: number
  readonly source: string
}

/** The parts of an error message. `message` says what happened; the rest is printed below it, one line each. */
export interface ErrorParts {
  readonly code: ErrorCode
  readonly message: string
  /** Where: "Dockerfile:12: COPY a b", a registry and blob, a path. */
  readonly where?: string | undefined
  readonly why?: string | undefined
  /** What the reader can do about it. */
  readonly fix?: string | undefined
  readonly sourcePlace?: Place | undefined
  /** The words of the source that are wrong, where they are known. */
  readonly marks?: string | undefined
  /** Printed in place of the text of `where`. */
  readonly excerpt?: Excerpt | undefined
  readonly cause?: unknown
  /** Process exit code, 1 unless said otherwise (a failing RUN hands its own on). */
  readonly exitCode?: number
}

/** The one error type that crosses room borders. */
export class HearthError extends Error {
  readonly code: ErrorCode
  readonly where: string | undefined
  readonly why: string | undefined
  readonly fix: string | undefined
  readonly sourcePlace: Place | undefined
  readonly marks: string | undefined
  readonly excerpt: Excerpt | undefined
  readonly exitCode: number

  constructor(parts: ErrorParts) {
    super(parts.message, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = 'HearthError'
    this.code = parts.code
    this.where = parts.where
    this.why = parts.why
    this.fix = parts.fix
    this.sourcePlace = parts.sourcePlace
    this.marks = parts.marks
    this.excerpt = parts.excerpt
    this.exitCode = parts.exitCode ?? 1
  }

  /** The same error with a place added, unless it already names one. */
  at(where: string, sourcePlace?: Place): HearthError {
    return this.where === undefined ? this.#with({ where, sourcePlace }) : this
  }

  /** The same error with the line of source it is about. */
  showing(excerpt: Excerpt): HearthError {
    return this.#with({ excerpt })
  }

  #with(more: Partial<ErrorParts>): HearthError {
    const { code, message, where, why, fix, sourcePlace, marks, excerpt, exitCode, cause } = this
    return new HearthError({ code, message, where, why, fix, sourcePlace, marks, excerpt, exitCode, cause, ...more })
  }
}

/** The operating system's error code ("ENOENT"), or undefined when the value carries none. */
export function systemCode(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

const systemErrors: Readonly<Record<string, Pick<ErrorParts, 'code' | 'message' | 'fix'>>> = {
  ENOSPC: {
    code: 'disk-full',
    message: 'No space left on the device',
    fix: 'Free space there, or choose another directory.',
  },
  EDQUOT: {
    code: 'disk-full',
    message: 'The disk quota is used up',
    fix: 'Raise the quota, or choose another directory.',
  },
  EROFS: { code: 'permission', message: 'The filesystem is read-only', fix: 'Choose a directory that can be written.' },
  EACCES: { code: 'permission', message: 'Permission denied', fix: 'Check the owner and mode of the path.' },
  EPERM: {
    code: 'permission',
    message: 'Operation not permitted',
    fix: 'hearth needs root or the named capability here.',
  },
}

/** Turns anything thrown into a HearthError; what nobody expected becomes code "internal". */
export function asHearthError(error: unknown): HearthError {
  if (error instanceof HearthError) return error
  const known = systemErrors[systemCode(error) ?? '']
  if (known !== undefined) return new HearthError({ ...known, why: messageOf(error), cause: error })
  return new HearthError({
    code: 'internal',
    message: `Unexpected failure: ${messageOf(error)}`,
    fix: 'This is a defect in hearth: please report it with the output of --verbosity=debug.',
    cause: error,
  })
}
