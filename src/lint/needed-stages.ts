import type { Instruction } from '../dockerfile/instruction.ts'
import type { LintStage } from './subject.ts'
import { argumentsOf } from './written.ts'

/** The stages that targets are made of: their own, those below them, and those they take files from. */
export function neededStages(
  stages: readonly LintStage[],
  targets: readonly (string | undefined)[],
): readonly LintStage[] {
  const needed = new Set<LintStage>()
  const need = (stage: LintStage | undefined): void => {
    if (stage === undefined || needed.has(stage)) return
    needed.add(stage)
    if (stage.base.kind === 'stage') need(stages[stage.base.index])
    const earlier = stages.slice(0, stage.index)
    for (const name of stage.stage.instructions.flatMap(sourcesOf)) need(stageOf(earlier, name))
  }
  for (const target of targets) {
    need(target === undefined || target === '' ? stages.at(-1) : (stageOf(stages, target) ?? stages.at(-1)))
  }
  return stages.filter((stage) => needed.has(stage))
}

function stageOf(stages: readonly LintStage[], name: string): LintStage | undefined {
  const named = stages.findLast(({ stage }) => stage.name === name.toLowerCase())
  return named ?? (/^\d+$/.test(name) ? stages[Number(name)] : undefined)
}

/** What the flags --from=NAME and --mount=…,from=NAME name. */
function sourcesOf(instruction: Instruction): readonly string[] {
  return argumentsOf(instruction).flags.flatMap((flag) => {
    if (flag.startsWith('--from=')) return [flag.slice('--from='.length)]
    if (!flag.startsWith('--mount=')) return []
    const options = flag.slice('--mount='.length).split(',')
    return options.flatMap((option) => (option.startsWith('from=') ? [option.slice('from='.length)] : []))
  })
}
