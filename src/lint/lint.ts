import { type Checks, isOn, parseChecks } from '../dockerfile/checks.ts'
import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import { excerptOf } from '../dockerfile/excerpt.ts'
import { isSkipped } from '../dockerfile/local-checks.ts'
import { suggestion } from '../dockerfile/suggestion.ts'
import { HearthError } from '../errors.ts'
import { type BuildArgs, checkArg, givenArg } from '../plan/scope.ts'
import type { Finding } from './finding.ts'
import type { Mark, Rule } from './rule.ts'
import { type LintOptions, subjectOf } from './subject.ts'

/** Which checks count in a build. Throws for a build argument that says nothing of the kind. */
export function checksOf(dockerfile: Dockerfile, buildArgs: BuildArgs): Checks {
  const given = givenArg(buildArgs, checkArg)
  if (given === undefined) return dockerfile.checks
  try {
    return parseChecks(given)
  } catch (error) {
    throw error instanceof HearthError ? error.at(`--build-arg ${checkArg}`) : error
  }
}

/** Names that "# check=" or its build argument gives and no rule has, each as a line that says so. */
export function unknownRules(checks: Checks, rules: readonly Rule[]): readonly string[] {
  const names = rules.map(({ name }) => name)
  const given = [checks.skip, checks.experimental].flatMap((list) => (list === 'all' ? [] : list))
  const unknown = given.filter((name) => name !== '' && !names.includes(name))
  return unknown.map((name) => {
    const meant = suggestion(name, names)
    return `check names "${name}", which is no rule${meant === undefined ? '' : `. ${meant}`}`
  })
}

/** What the rules that are on find in a Dockerfile, in the order of its lines. */
export function lint(dockerfile: Dockerfile, rules: readonly Rule[], options: LintOptions): readonly Finding[] {
  const checks = checksOf(dockerfile, options.buildArgs)
  const wanted = rules.filter(({ name, isExperimental }) => isOn(name, isExperimental ?? false, checks))
  if (wanted.length === 0) return []
  const subject = subjectOf(dockerfile, options)
  const found = wanted.flatMap((rule) =>
    rule
      .find(subject)
      .filter(({ position }) => !isSkipped(rule.name, dockerfile, position))
      .map((mark) => finding(rule, mark, dockerfile)),
  )
  return found.toSorted((a, b) => a.line - b.line || a.column - b.column)
}

function finding({ name, origin }: Rule, { position, message, words }: Mark, { lines }: Dockerfile): Finding {
  return { rule: name, origin, message, ...excerptOf(lines, position, words) }
}
