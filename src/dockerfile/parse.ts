import { readDirectives } from './directives.ts'
import type { Dockerfile } from './dockerfile.ts'
import { withExcerpt } from './excerpt.ts'
import type { TriggerInstruction } from './instruction.ts'
import { readInstruction, readTrigger } from './instructions/read-instruction.ts'
import { sourceLines, withoutLineEnd } from './source-lines.ts'
import { splitStages } from './stages.ts'
import { readStatements } from './statements.ts'
import { placed, syntaxError } from './syntax-error.ts'

/** Parses a Dockerfile. Throws HearthError "dockerfile-syntax" or "dockerfile-unsupported", naming the line. */
export function parseDockerfile(text: string, options: { readonly name: string }): Dockerfile {
  const { name } = options
  const lines = sourceLines(text, name)
  const shown = lines.map(withoutLineEnd)
  try {
    return { name, ...read(lines, name), lines: shown }
  } catch (error) {
    throw withExcerpt(error, { name, lines: shown })
  }
}

function read(lines: readonly string[], name: string): Omit<Dockerfile, 'name' | 'lines'> {
  const { escape: escapeCharacter, checks, directiveLines } = readDirectives(lines, name)
  const { statements, emptyContinuations } = readStatements(lines, { escape: escapeCharacter, name })
  const instructions = statements.map((statement) =>
    placed(name, statement.position, () => readInstruction(statement, escapeCharacter)),
  )
  const { metaArgs, stages } = splitStages(instructions, name)
  return { metaArgs, stages, escape: escapeCharacter, checks, directiveLines, emptyContinuations }
}

/** Parses the text of an ONBUILD trigger as an image configuration stores it. */
export function parseOnBuild(trigger: string, options: { readonly name: string }): TriggerInstruction {
  const { name } = options
  // Docker reads triggers by themselves: it does not know the escape character of the Dockerfile they come from.
  const escapeCharacter = '\\'
  const { statements } = readStatements(sourceLines(trigger, name), { escape: escapeCharacter, name })
  const [statement, another] = statements
  if (statement === undefined || another !== undefined) {
    throw syntaxError('an ONBUILD trigger holds exactly one instruction').at(name)
  }
  return placed(name, statement.position, () => readTrigger(statement, escapeCharacter))
}
