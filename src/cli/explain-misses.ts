import { type MissReader, missReader } from '../../cache/explain.ts'
import type { ExplainedMiss } from '../build/explain-step.ts'
import type { MissRooms } from '../build/rooms.ts'
import { redact } from '../log.ts'
import type { Execution } from './execution.ts'
import type { ExecutorOptions } from './executor-options.ts'

/** Reads why layers are not in a cache directory, or only in a cache repository, if somebody wants to hear it. */
export function openMisses(
  { cacheTtlMs: ttlMs, explain }: ExecutorOptions,
  directory: string | undefined,
): MissReader | undefined {
  return explain === 'off' ? undefined : missReader({ directory, ttlMs, now: () => new Date() })
}

/** Says why steps are not in the cache as --explain wants it, each once. */
export function tellMisses({ options, stdout, masked }: Execution): MissRooms['tell'] {
  const told = new Set<string>()
  return (miss, log) => {
    // A build that begins again misses the same keys.
    if (told.has(miss.key)) return
    told.add(miss.key)
    const { follows, text } = miss.explanation
    if (options.explain === 'json') {
      const clean = (_name: string, value: unknown): unknown =>
        typeof value === 'string' ? redact(value, masked) : value
      stdout.write(`${JSON.stringify(missDocument(miss), clean)}\n`)
    } else if (follows) log.debug(`${miss.text}: ${text}`)
    else log.info(`${miss.text}: ${text}`)
  }
}

/** The line of one miss; the README describes its members. */
function missDocument({ stage, line, text, key, explanation }: ExplainedMiss): object {
  const { reason, follows, nearest, differences } = explanation
  return {
    explain: 1,
    stage,
    line,
    instruction: text,
    key,
    reason,
    why: explanation.text,
    follows,
    nearest:
      nearest === undefined
        ? null
        : { key: nearest.key, created: nearest.created.toISOString(), instruction: nearest.text },
    differences,
  }
}
