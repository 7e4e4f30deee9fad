import type { Instruction } from '../../dockerfile/instruction.ts'
import type { Mark, Rule } from '../rule.ts'
import type { LintStage } from '../subject.ts'

const kinds: readonly Instruction['kind'][] = ['CMD', 'ENTRYPOINT', 'HEALTHCHECK']

/** Only the last one of a stage counts; those above it are pointed at. */
export const multipleInstructionsDisallowed: Rule = {
  name: 'MultipleInstructionsDisallowed',
  origin: 'buildkit',
  find: ({ needed }) => needed.flatMap((stage) => kinds.flatMap((kind) => replaced(stage, kind))),
}

function replaced({ stage }: LintStage, kind: Instruction['kind']): readonly Mark[] {
  const all = stage.instructions.filter((instruction) => instruction.kind === kind)
  return all.slice(0, -1).map((position, i) => ({
    position,
    message: `this ${kind} has no effect: the one in line ${all[i + 1]?.line} replaces it`,
  }))
}
