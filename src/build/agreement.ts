import { HearthError } from '../errors.ts'
import { type StagePlan, sourceStagesOf } from '../plan/step.ts'
import { sourceLineagesOf } from './lineage.ts'
import type { StageLookups } from './stage-lookups.ts'

/** What the agreement knows of the stages of a build. */
export interface AgreeingStages {
  readonly plans: readonly StagePlan[]
  lookups(index: number): Pick<StageLookups, 'lineage' | 'hits'>
  /** Stages whose cached copies turned out to disagree with a new run. */
  readonly distrusted: ReadonlySet<number>
}

/**
 * Decides for each stage which of its results the files copied out of it are to come from, before it is known whether it
 * must run: those that the cache has of it, or else those that every cached copy of its files was made from.
 */
export class Agreement {
  readonly #stages: AgreeingStages
  readonly #agreed = new Map<number, Promise<string | undefined>>()

  constructor(stages: AgreeingStages) {
    this.#stages = stages
  }

  /** The lineage a stage's cached copies must have; undefined when none may be used. */
  lineageOf(index: number): Promise<string | undefined> {
    const known = this.#agreed.get(index)
    if (known !== undefined) return known
    const agreed = this.#stages.distrusted.has(index) ? Promise.resolve(undefined) : this.#find(index)
    this.#agreed.set(index, agreed)
    return agreed
  }

  /** To be told when a stage is built. Throws MixedResults when copies of other results of it may be in use. */
  async confirm(index: number, lineage: string): Promise<void> {
    const agreed = await this.#agreed.get(index)
    if (agreed !== undefined && agreed !== lineage) throw new MixedResults(index)
  }

  async #find(index: number): Promise<string | undefined> {
    const { plans, lookups } = this.#stages
    const whole = await lookups(index).lineage()
    if (whole !== undefined) return whole
    // A stage that others are built on is going to run.
    if (plans.some(({ base }) => base.kind === 'stage' && base.index === index)) return undefined
    const lineages = new Set(await this.#usedOf(index))
    const [only] = lineages
    return lineages.size === 1 ? only : undefined
  }

  /** The lineage of a stage in what the cache has for each step that takes files from it; undefined where it has nothing. */
  async #usedOf(index: number): Promise<readonly (string | undefined)[]> {
    const answers: Promise<string | undefined>[] = []
    for (const plan of this.#stages.plans) {
      const steps = plan.steps.filter((step) => step.kind !== 'config')
      if (!steps.some((step) => sourceStagesOf(step).includes(index))) continue
      const hits = await this.#stages.lookups(plan.index).hits()
      for (const [i, step] of steps.entries()) {
        const [hit, at] = [hits[i], sourceStagesOf(step).indexOf(index)]
        if (hit !== undefined && at >= 0) answers.push(hit.then((copy) => copy && sourceLineagesOf(copy)[at]))
      }
    }
    return Promise.all(answers)
  }
}

/** Cached copies of a stage's files were used, and then the stage had to run and gave other results. */
export class MixedResults extends HearthError {
  readonly stage: number

  constructor(stage: number) {
    // With a place of its own it is never wrapped on its way up.
    super({
      code: 'internal',
      message: `Stage ${stage} gave other results than the cached copies of its files hold`,
      where: `stage ${stage}`,
    })
    this.name = 'MixedResults'
    this.stage = stage
  }
}
