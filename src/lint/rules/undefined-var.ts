import { editDistance, nearest } from '../../nearest.ts'
import type { BuildArgs } from '../../plan/scope.ts'
import { expandedHeredocs, expandedWords, heredocLookUps, type LookUps, lookUps } from '../look-ups.ts'
import type { Mark, Rule } from '../rule.ts'
import type { LintStage, LintSubject, Moment } from '../subject.ts'

/** Names the builder itself reads. */
const internal = ['BUILDKIT_SBOM_SCAN_CONTEXT', 'BUILDKIT_SBOM_SCAN_STAGE']

/**
 * Variables that nothing sets. The commands of RUN, CMD and ENTRYPOINT are expanded by a shell, not by the builder. As
 * long as a base image is unknown, only those count that it can hardly set.
 */
export const undefinedVar: Rule = {
  name: 'UndefinedVar',
  origin: 'buildkit',
  find: (subject) =>
    subject.needed.flatMap((stage) => stage.moments.flatMap((moment) => undefinedIn(moment, stage, subject))),
}

function undefinedIn(moment: Moment, stage: LintStage, { options }: LintSubject): readonly Mark[] {
  const { instruction, state } = moment
  const words = expandedWords(instruction).map((raw) => lookUps(raw, state.scope, state.escape))
  const bodies = expandedHeredocs(instruction).map(({ body }) => heredocLookUps(body, state.scope))
  const found = [...words, ...bodies, ...defaultsOf(moment, options.buildArgs)]
  const unset = new Set(found.flatMap((lookUp) => [...(lookUp?.unset ?? [])]))
  return [...unset].flatMap((name): readonly Mark[] => {
    if (state.args.includes(name) || internal.includes(name)) return []
    const meant = nearest(name, [...state.scope.keys()])
    if (!stage.knowsVariables && mayComeFromImage(name, meant)) return []
    const hint = meant === undefined ? '' : ` (did you mean $${meant}?)`
    const message = `the variable $${name} is not set${hint}`
    return [{ position: instruction, message, words: [`$${name}`, `$\{${name}`] }]
  })
}

/** Images set variables in capital letters. One that is a letter away from another is a slip. */
function mayComeFromImage(name: string, meant: string | undefined): boolean {
  const isSlip = meant !== undefined && name.length > 2 && editDistance(name, meant) === 1
  return !isSlip && name === name.toUpperCase()
}

/** A default is expanded only where no --build-arg replaces it. Those before it in the instruction are declared. */
function defaultsOf({ instruction, state }: Moment, given: BuildArgs): readonly (LookUps | undefined)[] {
  if (instruction.kind !== 'ARG') return []
  const scope = new Map(state.scope)
  return instruction.args.map(([name, value]) => {
    const isUsed = value !== undefined && !Object.hasOwn(given, name)
    const lookUp = isUsed ? lookUps(value, scope, state.escape) : undefined
    scope.set(name, lookUp?.text ?? '')
    return lookUp
  })
}
