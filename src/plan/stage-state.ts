import type { EscapeCharacter } from '../dockerfile/instruction.ts'
import type { ContainerConfig } from '../oci/image-config.ts'
import { defaultPath, envPairs, scratchConfig, withEnv } from './container-config.ts'
import type { Variables } from './scope.ts'

/** What is true at one point of a stage. Every instruction makes a new state from the one before. */
export interface StageState {
  readonly config: ContainerConfig
  readonly author: string | undefined
  /** What expansion and RUN see: ENV and ARG alike, the later declaration wins. */
  readonly scope: Variables
  /** Names of the arguments declared in this stage and in those it is built on, for the history of RUN. */
  readonly args: readonly string[]
  /** CMD was set in this stage, so ENTRYPOINT leaves it alone. */
  readonly cmdSet: boolean
  readonly escape: EscapeCharacter
}

export interface InitialState {
  readonly config: ContainerConfig
  readonly author: string | undefined
  /** What the stage this one is built on leaves to it, if it is one. */
  readonly inherited: Pick<StageState, 'scope' | 'args'> | undefined
  readonly escape: EscapeCharacter
}

/** The state right after FROM: triggers are taken out of the configuration, and PATH is always set. */
export function initialState(from: InitialState): StageState {
  const { OnBuild: _triggers, ...base } = from.config
  const hasPath = envPairs(base).some(([name]) => name === 'PATH')
  const config = hasPath ? base : withEnv(base, [['PATH', defaultPath]])
  const scope = new Map([...(from.inherited?.scope ?? []), ...envPairs(config)])
  const args = from.inherited?.args ?? []
  return { config, author: from.author, scope, args, cmdSet: false, escape: from.escape }
}

export const scratchState = { config: scratchConfig, author: undefined, inherited: undefined }
