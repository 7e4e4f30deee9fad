import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { unlink } from 'node:fs/promises'
import { join } from 'node:path'
import { writeFileAtomically } from '../src/content/atomic-file.ts'
import { type FileLock, holdFileLock } from '../src/content/file-lock.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { digestOf, splitDigest } from '../src/oci/digest.ts'
import { type CacheKey, canonicalJson } from './key.ts'

export interface FlightsOptions {
  /** The cache directory; flights/ is below it. */
  readonly directory: string
  /** How long somebody else's work on a step is waited for, in ms; with 0 nobody waits. */
  readonly patienceMs: number
}

/** A step that may be in flight: its key, and what its layer rests on. */
export interface Flight {
  readonly key: CacheKey
  readonly madeOn: string
  /** Called once, when somebody else is at work on it. */
  onWait(): void
  readonly signal?: AbortSignal
}

/** What became of asking for a flight; to be ended by whoever got it. */
export interface BoardedFlight {
  /**
   * "first": nobody was at work. "after": somebody was, and has ended. "alone": somebody was and failed, or is at it for
   * longer than anybody waits; others may be at the same work now. In any case the layer may be there by now.
   */
  readonly turn: 'first' | 'after' | 'alone'
  /** With false the work has failed: those who wait need not try one after the other. */
  end(o: { readonly succeeded: boolean }): Promise<void>
}

/**
 * Lets builds that share a cache directory, on one machine or several, do the same step once: one leads, the others wait
 * until it has ended. A leader that has died is noticed, and the next one leads. Nobody waits for a flight while holding a
 * root or a cache mount, so that no two builds wait for each other. Never needed for a right result: where the directory
 * cannot be written, everybody is first.
 */
export class Flights {
  readonly #options: FlightsOptions

  constructor(options: FlightsOptions) {
    this.#options = options
  }

  async board(flight: Flight): Promise<BoardedFlight> {
    const { directory, patienceMs } = this.#options
    const name = splitDigest(digestOf(canonicalJson([flight.key, flight.madeOn]))).hex
    const path = join(directory, 'flights', name)
    try {
      makeDirectoryIn(directory, 'flights')
      const free = await this.#lock(path, flight, 0)
      if (free !== undefined) return ledBy(free, path, 'first')
      if (patienceMs === 0) return alone
      const failure = failureAt(path)
      flight.onWait()
      const lock = await this.#lock(path, flight, patienceMs)
      if (lock === undefined) return alone
      if (failureAt(path) === failure) return ledBy(lock, path, 'after')
      await lock.release()
      return alone
    } catch (error) {
      flight.signal?.throwIfAborted()
      if (error instanceof TypeError) throw error
      return { ...alone, turn: 'first' }
    }
  }

  #lock(path: string, { signal }: Flight, patienceMs: number): Promise<FileLock | undefined> {
    return holdFileLock(`${path}.lock`, { patienceMs, pollMs: 100, ...(signal === undefined ? {} : { signal }) })
  }
}

const alone: BoardedFlight = { turn: 'alone', end: async () => {} }

function ledBy(lock: FileLock, path: string, turn: 'first' | 'after'): BoardedFlight {
  return {
    turn,
    async end({ succeeded }) {
      if (succeeded) await unlink(`${path}.failed`).catch(() => {})
      else await noteFailure(path)
      await lock.release()
    },
  }
}

/** Those who wait tell by it that a leader has failed meanwhile: every failure has another text. */
function failureAt(path: string): string {
  try {
    return readFileSync(`${path}.failed`, 'latin1')
  } catch {
    return ''
  }
}

async function noteFailure(path: string): Promise<void> {
  await writeFileAtomically(`${path}.failed`, randomBytes(12)).catch(() => {})
}
