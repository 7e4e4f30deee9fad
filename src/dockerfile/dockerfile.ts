import type { ArgInstruction, EscapeCharacter, FromInstruction, Instruction } from './instruction.ts'

/** A Dockerfile, understood line by line; nothing in it is expanded yet. */
export interface Dockerfile {
  /** How messages call it. */
  readonly name: string
  /** The ARGs above the first FROM. */
  readonly metaArgs: readonly ArgInstruction[]
  /** At least one. */
  readonly stages: readonly DockerfileStage[]
  readonly escape: EscapeCharacter
  readonly warnings: readonly string[]
}

export interface DockerfileStage {
  /** In lower case. */
  readonly name: string | undefined
  readonly from: FromInstruction
  readonly instructions: readonly Instruction[]
}
