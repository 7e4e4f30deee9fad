import type { BuildPlan } from '../plan/step.ts'
import { namespaceIsolation } from '../run/namespaces.ts'
import { chooseIsolation, type IsolationSurroundings, type Workplace } from './choose-isolation.ts'

/** The choice of an isolation, which takes a moment and only concerns builds with commands. */
export class LazyIsolation {
  readonly #around: IsolationSurroundings
  #choice: Promise<Workplace | 'restart'> | undefined

  constructor(around: IsolationSurroundings) {
    this.#around = around
  }

  /** Begins to choose; what goes wrong is told by `forPlan`. */
  begin(): Promise<Workplace | 'restart'> {
    this.#choice ??= chooseIsolation(this.#around)
    this.#choice.catch(() => {})
    return this.#choice
  }

  /** What a plan needs: one without commands has no use for any, and gets one that has not been tried. */
  forPlan({ stages }: BuildPlan): Promise<Workplace | 'restart'> {
    const needed = stages.some(({ steps }) => steps.some(({ kind }) => kind === 'run'))
    if (needed) return this.begin()
    return Promise.resolve({ isolation: namespaceIsolation(), overlay: undefined })
  }
}
