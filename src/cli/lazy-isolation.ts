import type { BuildPlan } from '../plan/step.ts'
import type { Isolation } from '../run/isolation.ts'
import { namespaceIsolation } from '../run/namespaces.ts'
import { chooseIsolation, type IsolationSurroundings } from './choose-isolation.ts'

/** The choice of an isolation, which takes a moment and only concerns builds with commands. */
export class LazyIsolation {
  readonly #around: IsolationSurroundings
  #choice: Promise<Isolation | 'restart'> | undefined

  constructor(around: IsolationSurroundings) {
    this.#around = around
  }

  /** Begins to choose; what goes wrong is told by `forPlan`. */
  begin(): Promise<Isolation | 'restart'> {
    this.#choice ??= chooseIsolation(this.#around)
    this.#choice.catch(() => {})
    return this.#choice
  }

  /** What a plan needs: one without commands has no use for any, and gets one that has not been tried. */
  forPlan({ stages }: BuildPlan): Promise<Isolation | 'restart'> {
    const needed = stages.some(({ steps }) => steps.some(({ kind }) => kind === 'run'))
    return needed ? this.begin() : Promise.resolve(namespaceIsolation())
  }
}
