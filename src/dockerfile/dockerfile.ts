import type { Checks } from './checks.ts'
import type { ArgInstruction, EscapeCharacter, FromInstruction, Instruction, Position } from './instruction.ts'

/** A Dockerfile, understood line by line; nothing in it is expanded yet. */
export interface Dockerfile {
  /** How messages call it. */
  readonly name: string
  /** The ARGs above the first FROM. */
  readonly metaArgs: readonly ArgInstruction[]
  /** At least one. */
  readonly stages: readonly DockerfileStage[]
  readonly escape: EscapeCharacter
  /** What "# check=" asks for. */
  readonly checks: Checks
  /** How many lines at the top are directives. */
  readonly directiveLines: number
  /** The instructions with blank lines inside, each by the last of the lines that make it up. */
  readonly emptyContinuations: readonly Position[]
  /** Every line as it is, without its end. */
  readonly lines: readonly string[]
}

export interface DockerfileStage {
  /** In lower case. */
  readonly name: string | undefined
  readonly from: FromInstruction
  readonly instructions: readonly Instruction[]
}
