import type { DockerfileStage } from './dockerfile.ts'
import type { ArgInstruction, FromInstruction, Instruction } from './instruction.ts'
import { atInstruction, syntaxError } from './syntax-error.ts'

export interface Stages {
  readonly metaArgs: readonly ArgInstruction[]
  readonly stages: readonly DockerfileStage[]
}

/** Gives every instruction to the FROM above it. Only ARG may stand above the first one. */
export function splitStages(instructions: readonly (Instruction | FromInstruction)[], dockerfile: string): Stages {
  const metaArgs: ArgInstruction[] = []
  const stages: { name: string | undefined; from: FromInstruction; instructions: Instruction[] }[] = []
  for (const instruction of instructions) {
    const stage = stages.at(-1)
    if (instruction.kind === 'FROM') stages.push({ name: instruction.as, from: instruction, instructions: [] })
    else if (stage !== undefined) stage.instructions.push(instruction)
    else if (instruction.kind === 'ARG') metaArgs.push(instruction)
    else {
      const fix = 'Start with FROM; only ARG can stand above it.'
      throw atInstruction(
        syntaxError(`${instruction.kind} stands above the first FROM`, { fix }),
        dockerfile,
        instruction,
      )
    }
  }
  if (stages.length > 0) return { metaArgs, stages }
  const what = instructions.length === 0 ? 'the Dockerfile is empty' : 'the Dockerfile has no stage'
  throw syntaxError(what, { fix: 'Start it with FROM <image>.' }).at(dockerfile)
}
