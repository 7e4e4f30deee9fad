import type { CopyInstruction, Instruction } from '../../dockerfile/instruction.ts'
import { cacheMounts, commandText } from '../commands.ts'
import { toolsUsed } from '../dependency-tools.ts'
import type { Mark, Rule } from '../rule.ts'
import type { LintStage, LintSubject } from '../subject.ts'

/**
 * The whole context copied before dependencies are installed: any changed file then installs them anew. It is fine after
 * an installation of the same tool, and where that tool keeps its packages in a cache mount.
 */
export const copyBeforeDependencies: Rule = {
  name: 'CopyBeforeDependencies',
  origin: 'hearth',
  find: (subject) => subject.needed.flatMap((stage) => hostileIn(stage, subject)),
}

function hostileIn(stage: LintStage, subject: LintSubject): readonly Mark[] {
  const installed = new Set(below(stage, subject).flatMap(toolsOf))
  let copied: Instruction | undefined
  for (const instruction of stage.stage.instructions) {
    if (isWholeContext(instruction)) copied ??= instruction
    const fresh = toolsOf(instruction).filter((tool) => !installed.has(tool))
    for (const tool of fresh) installed.add(tool)
    const [tool] = fresh
    if (copied === undefined || tool === undefined || instruction.kind !== 'RUN') continue
    if (cacheMounts(instruction).length > 0) continue
    const message = `every changed file makes ${tool} in line ${instruction.line} start anew: copy its manifest files first`
    return [{ position: copied, message }]
  }
  return []
}

/** The instructions of the stages that a stage is built on. */
function below({ base }: LintStage, subject: LintSubject): readonly Instruction[] {
  const parent = base.kind === 'stage' ? subject.stages[base.index] : undefined
  return parent === undefined ? [] : [...below(parent, subject), ...parent.stage.instructions]
}

function toolsOf(instruction: Instruction): readonly string[] {
  return instruction.kind === 'RUN' ? toolsUsed(commandText(instruction)) : []
}

function isWholeContext(instruction: Instruction): boolean {
  if (instruction.kind !== 'COPY' && instruction.kind !== 'ADD') return false
  if ((instruction as Partial<CopyInstruction>).from !== undefined) return false
  return instruction.sources.some((source) => /^(?:\.?\/)*(?:\.|\*)?$/.test(source) && source !== '')
}
