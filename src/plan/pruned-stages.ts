import type { Outline, StageOutline } from './stage-outline.ts'
import type { PrunedStage } from './step.ts'

/** The stages of a Dockerfile that are not part of its plan, and why. */
export function prunedStages({ stages, target, also }: Outline, planned: ReadonlySet<number>): readonly PrunedStage[] {
  const last = Math.max(...[target, ...also].map(({ index }) => index))
  return stages
    .filter(({ index }) => !planned.has(index))
    .map((stage) => ({ index: stage.index, name: stage.name, line: stage.stage.from.line, why: reason(stage, last) }))
}

function reason({ index, name, isReplaced }: StageOutline, last: number): string {
  if (isReplaced === true) return `the context ${name} takes its place`
  return index > last ? 'it stands below the target' : 'nothing that is built needs it'
}
