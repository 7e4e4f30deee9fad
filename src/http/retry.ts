import { TransportError } from './transport-error.ts'

/** How long to wait between tries. */
export interface BackOff {
  /** The longest wait before the second try; it doubles from try to try. */
  readonly firstMs: number
  readonly longestMs: number
}

export const defaultBackOff: BackOff = { firstMs: 300, longestMs: 10_000 }

/** A server that asks for more patience than this is asked again after this time. */
export const longestRetryAfterMs = 60_000

/** Answers that another try may turn into a better one. */
export function isTransientStatus(status: number): boolean {
  return [408, 425, 429, 499, 500, 502, 503, 504, 522].includes(status)
}

export function isTransientError(error: unknown): boolean {
  return error instanceof TransportError && error.transient
}

export interface Pause {
  readonly backOff: BackOff
  /** Failed tries so far, at least 1. */
  readonly failures: number
  /** The Retry-After header: seconds or an HTTP date. */
  readonly retryAfter?: string | undefined
  readonly nowMs: number
  /** A number from 0 to 1: spreads the tries of many clients. */
  readonly random: number
}

/** Milliseconds to wait before the next try: what the server asked for, else exponential back-off with jitter. */
export function pauseMs(pause: Pause): number {
  const asked = retryAfterMs(pause.retryAfter, pause.nowMs)
  if (asked !== undefined) return Math.min(asked, longestRetryAfterMs)
  const full = Math.min(pause.backOff.firstMs * 2 ** (pause.failures - 1), pause.backOff.longestMs)
  return Math.round(full * (0.5 + pause.random / 2))
}

function retryAfterMs(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined
  if (/^\s*\d{1,9}\s*$/.test(text)) return Number(text) * 1000
  const date = Date.parse(text)
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs)
}
