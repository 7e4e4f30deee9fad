import type { DockerfileStage } from '../dockerfile/dockerfile.ts'
import { changeConfig } from '../plan/change-config.ts'
import type { ArgSources } from '../plan/declare-args.ts'
import type { StageState } from '../plan/stage-state.ts'
import { attempt } from './base.ts'
import type { Moment } from './subject.ts'

/** The instructions of a stage with the state before each, and the state behind the last. */
export function momentsOf(
  { instructions }: DockerfileStage,
  start: StageState,
  sources: ArgSources,
): { readonly moments: readonly Moment[]; readonly final: StageState } {
  const moments: Moment[] = []
  let state = start
  for (const instruction of instructions) {
    moments.push({ instruction, state })
    if (instruction.kind === 'RUN' || instruction.kind === 'COPY' || instruction.kind === 'ADD') continue
    const before = state
    const changed = attempt(() => changeConfig(instruction, before, sources))
    if (changed === undefined) break
    state = changed.state
  }
  return { moments, final: state }
}
