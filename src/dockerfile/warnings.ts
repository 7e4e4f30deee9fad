import { HearthError } from '../errors.ts'
import { type Checks, isSkipped, type Rule } from './checks.ts'
import type { DockerfileStage } from './dockerfile.ts'
import { type Position, whereOf } from './instruction.ts'

/** Something odd that does not stop a build. */
export interface Finding {
  readonly rule: Rule
  readonly position: Position
  readonly message: string
}

/** The findings as text, in the order of their lines. Throws the first one where "# check=error=true" asks for it. */
export function warningsOf(dockerfile: string, findings: readonly Finding[], checks: Checks): readonly string[] {
  const shown = findings.filter(({ rule }) => !isSkipped(rule, checks))
  const ordered = shown.toSorted((a, b) => a.position.line - b.position.line)
  const [first] = ordered
  if (first !== undefined && checks.error) {
    throw new HearthError({
      code: 'dockerfile-syntax',
      message: `${first.message} (${first.rule})`,
      where: whereOf(dockerfile, first.position),
      why: 'the Dockerfile makes warnings errors with "# check=error=true"',
    })
  }
  return ordered.map(({ position, message }) => `${dockerfile}:${position.line}: ${message}`)
}

/** Blank lines between lines that continue each other. */
export function emptyContinuation(position: Position): Finding {
  return {
    rule: 'NoEmptyContinuation',
    position,
    message: 'a blank line stands inside this instruction; remove it, for Docker will refuse it one day',
  }
}

/** Stages called like something else that FROM and COPY --from understand. */
export function reservedNames(stages: readonly DockerfileStage[]): readonly Finding[] {
  return stages.flatMap(({ name, from }) =>
    name === 'scratch' || name === 'context'
      ? [
          {
            rule: 'ReservedStageName',
            position: from,
            message: `"${name}" is a reserved name; call the stage otherwise`,
          },
        ]
      : [],
  )
}
