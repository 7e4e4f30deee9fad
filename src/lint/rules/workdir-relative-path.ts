import { lookUps } from '../look-ups.ts'
import type { Mark, Rule } from '../rule.ts'

/** Where a relative WORKDIR leads depends on the base image, unless an absolute one stands above it. */
export const workdirRelativePath: Rule = {
  name: 'WorkdirRelativePath',
  origin: 'buildkit',
  find({ stages, needed }) {
    const settled = new Set<number>()
    const marks: Mark[] = []
    for (const stage of stages) {
      const { base, index, moments } = stage
      let isSettled = base.kind === 'stage' && settled.has(base.index)
      for (const { instruction, state } of moments) {
        if (instruction.kind !== 'WORKDIR') continue
        const path = lookUps(instruction.value, state.scope, state.escape)?.text ?? '/'
        // Whoever mends the first one mends those below it.
        if (!isSettled && !path.startsWith('/') && needed.includes(stage)) {
          const message = `where the relative WORKDIR "${path}" leads depends on the base image`
          marks.push({ position: instruction, message, words: [instruction.value] })
        }
        isSettled = true
      }
      if (isSettled) settled.add(index)
    }
    return marks
  },
}
