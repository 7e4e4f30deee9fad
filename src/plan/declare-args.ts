import type { ArgInstruction } from '../dockerfile/instruction.ts'
import { type Change, expandIn } from './change.ts'
import { type BuildArgs, givenArg, type Variables } from './scope.ts'
import type { StageState } from './stage-state.ts'

export interface ArgSources {
  readonly buildArgs: BuildArgs
  readonly globalArgs: Variables
}

/**
 * Declares arguments. Each has the value of its --build-arg, else its default, which may use those before it, else the
 * value it has above the first FROM, else none.
 */
export function declareArgs(args: ArgInstruction['args'], state: StageState, sources: ArgSources): Change {
  const names = new Set(state.args)
  const shown: string[] = []
  let scope = state.scope
  for (const [name, fallback] of args) {
    const own = fallback === undefined ? sources.globalArgs.get(name) : undefined
    const given = givenArg(sources.buildArgs, name) ?? own
    const value = given ?? (fallback === undefined ? undefined : expandIn({ ...state, scope }, fallback))
    if (value !== undefined) scope = new Map([...scope, [name, value]])
    names.add(name)
    shown.push(value === undefined ? name : `${name}=${value}`)
  }
  return { state: { ...state, scope, args: [...names] }, createdBy: `ARG ${shown.join(' ')}` }
}
