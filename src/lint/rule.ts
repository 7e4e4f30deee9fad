import type { Position } from '../dockerfile/instruction.ts'
import type { LintSubject } from './subject.ts'

/** What a rule found: an instruction, what is wrong with it, and the words of it that are meant, the best first. */
export interface Mark {
  readonly position: Position
  readonly message: string
  readonly words?: readonly string[]
}

export interface Rule {
  /** BuildKit's name for its own checks; ours are called in the same style. */
  readonly name: string
  /** Ours are opinions: builds do not mention them. */
  readonly origin: 'buildkit' | 'hearth'
  /** Off unless "# check=experimental=" names it. */
  readonly isExperimental?: boolean
  find(subject: LintSubject): readonly Mark[]
}
