import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { CommandResult } from '../support/command.ts'

/** What came of a build, as the table and the JSON have it. */
export interface Outcome {
  readonly result: 'built' | 'refused' | 'failed'
  /** Of isolation; none where nothing had to be run, or nothing could be. */
  readonly tier?: string
  /** Of the image's manifest. */
  readonly digest?: string
  /** "run-unavailable", and what the error says. */
  readonly error?: string
  readonly message?: string
  /** What it took, with the start of the container. */
  readonly seconds: number
  /** All that was printed, where it did not end as expected. */
  readonly output?: string
}

/** Reads what came of a build from what it printed and left in `out`. `expected` is the code of an error it should end with. */
export function outcomeOf(ran: CommandResult, out: string, expected: string | undefined): Outcome {
  const said = `${ran.stdout}\n${ran.stderr}`
  const [, tier] = /\bisolation: ([\w-]+) \(/.exec(said) ?? []
  const [, error, message] = /^error\[([\w-]+)\]: (.*)$/m.exec(said) ?? []
  const index = join(out, 'image/index.json')
  const digest = ran.code === 0 && existsSync(index) ? digestIn(index) : undefined
  const result = digest !== undefined ? 'built' : error !== undefined && error === expected ? 'refused' : 'failed'
  return {
    result: expected !== undefined && result === 'built' ? 'failed' : result,
    ...(tier === undefined || result === 'refused' ? {} : { tier }),
    ...(digest === undefined ? {} : { digest }),
    ...(error === undefined ? {} : { error }),
    ...(message === undefined ? {} : { message }),
    seconds: Math.round(ran.seconds * 10) / 10,
    ...(result === 'failed' ? { output: said } : {}),
  }
}

function digestIn(index: string): string {
  return (JSON.parse(readFileSync(index, 'utf8')) as { manifests: { digest: string }[] }).manifests[0]!.digest
}
