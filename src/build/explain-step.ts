import type { CurrentStep, MissedStep, MissReader } from '../../cache/explain.ts'
import type { Explanation } from '../../cache/explanation.ts'
import type { CacheKey } from '../../cache/key.ts'
import { stageTitle } from '../plan/step.ts'
import type { KeyedStep } from './keyed-stage.ts'
import { aboutStep, type StepSurroundings } from './step-about.ts'

/** A step that is not in the cache, and why. */
export interface ExplainedMiss {
  readonly stage: string
  readonly line: number
  readonly text: string
  readonly key: CacheKey
  readonly explanation: Explanation
}

export interface MissSurroundings extends StepSurroundings {
  /** A step below it was a miss as well. */
  readonly follows: boolean
  readonly unusable: MissedStep['unusable'] | undefined
}

/** Asks why a step is not in the cache. */
export async function explainStep(
  reader: MissReader,
  keyed: KeyedStep,
  around: MissSurroundings,
): Promise<ExplainedMiss> {
  const { stage, steps, follows, unusable } = around
  const { step, key } = keyed
  const position = steps.indexOf(keyed)
  const told = (other: KeyedStep): Promise<CurrentStep> => toldStep(other, around)
  const explanation = await reader.explain({
    ...(await told(keyed)),
    below: follows ? [] : await Promise.all(steps.slice(0, position).map(told)),
    others: new Set(stage.steps.filter((other) => other !== step).map(({ text }) => text)),
    follows,
    ...(unusable === undefined ? {} : { unusable }),
  })
  return { stage: stageTitle(stage), line: step.line, text: step.text, key, explanation }
}

async function toldStep(keyed: KeyedStep, around: StepSurroundings): Promise<CurrentStep> {
  const { key, record, step } = keyed
  return { key, record, text: step.text, about: await aboutStep(keyed, around) }
}
