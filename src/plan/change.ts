import { expandWord } from '../dockerfile/expand.ts'
import { HearthError } from '../errors.ts'
import type { ContainerConfig } from '../oci/image-config.ts'
import type { StageState } from './stage-state.ts'

/** What an instruction makes of a state, and what the image's history says about it. */
export interface Change {
  readonly state: StageState
  readonly createdBy: string
}

export function withConfig(state: StageState, config: Partial<ContainerConfig>, createdBy: string): Change {
  return { state: { ...state, config: { ...state.config, ...config } }, createdBy }
}

/** A raw word with the variables of a state. */
export function expandIn(state: StageState, raw: string): string {
  return expandWord(raw, (name) => state.scope.get(name), state)
}

export function syntax(message: string): HearthError {
  return new HearthError({ code: 'dockerfile-syntax', message })
}
