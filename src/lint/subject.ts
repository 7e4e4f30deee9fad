import type { Dockerfile, DockerfileStage } from '../dockerfile/dockerfile.ts'
import type { IgnoreMatcher } from '../dockerfile/ignore.ts'
import type { Instruction } from '../dockerfile/instruction.ts'
import type { ImageConfig } from '../oci/image-config.ts'
import type { Platform } from '../oci/platform.ts'
import type { ImageReference } from '../oci/reference.ts'
import type { NamedContexts } from '../plan/named-contexts.ts'
import type { BuildArgs, Variables } from '../plan/scope.ts'
import { collectGlobalArgs } from '../plan/stage-outline.ts'
import { initialState, type StageState, scratchState } from '../plan/stage-state.ts'
import { attempt, findBase, type LintBase } from './base.ts'
import { momentsOf } from './moments.ts'
import { neededStages } from './needed-stages.ts'

export interface LintOptions {
  /** Name or index of the stage that is built; the last one when undefined. */
  readonly target?: string | undefined
  /** Further stages that are built. */
  readonly alsoBuilt?: readonly string[]
  /** What takes the place of stages and images by name. */
  readonly contexts?: NamedContexts
  /** Look at stages the target does not need, too. */
  readonly everyStage: boolean
  readonly buildArgs: BuildArgs
  readonly platform: Platform
  /** Platform of the machine that builds. */
  readonly buildPlatform: Platform
  /** What the context keeps out; undefined where no context is known. */
  readonly ignore?: IgnoreMatcher | undefined
  /** The configuration of a base image, where it is known. */
  readonly baseConfig?: ((reference: ImageReference, platform: Platform) => ImageConfig | undefined) | undefined
}

/** An instruction, and what is true right before it. */
export interface Moment {
  readonly instruction: Instruction
  readonly state: StageState
}

export interface LintStage {
  readonly index: number
  readonly stage: DockerfileStage
  readonly base: LintBase
  /** False where an image below may set variables that nobody told us of. */
  readonly knowsVariables: boolean
  /** Up to the first instruction that cannot be understood. */
  readonly moments: readonly Moment[]
  readonly final: StageState
}

/** What rules look at. */
export interface LintSubject {
  readonly dockerfile: Dockerfile
  readonly options: LintOptions
  /** Arguments declared above the first FROM, and predefined ones. */
  readonly globalArgs: Variables
  /** The same as if no --build-arg were given; undefined where that is an error. */
  readonly defaultArgs: Variables | undefined
  /** Every stage; a stage built on another stands behind it. */
  readonly stages: readonly LintStage[]
  /** Those of them whose instructions count. */
  readonly needed: readonly LintStage[]
}

/** Follows a Dockerfile through its stages. Throws for arguments above the first FROM that cannot be expanded. */
export function subjectOf(dockerfile: Dockerfile, options: LintOptions): LintSubject {
  const name = options.target ?? dockerfile.stages.at(-1)?.name
  const globalArgs = collectGlobalArgs(dockerfile, options, name)
  const defaultArgs = attempt(() => collectGlobalArgs(dockerfile, { ...options, buildArgs: {} }, name))
  const stages: LintStage[] = []
  for (const [index, stage] of dockerfile.stages.entries()) {
    const base = findBase(stage, { earlier: stages, globalArgs, dockerfile, options })
    const parent = base.kind === 'stage' ? stages[base.index] : undefined
    const { moments, final } = momentsOf(stage, startOf(base, parent, dockerfile), {
      buildArgs: options.buildArgs,
      globalArgs,
    })
    const knowsVariables = parent?.knowsVariables ?? (base.kind !== 'image' || base.config !== undefined)
    stages.push({ index, stage, base, knowsVariables, moments, final })
  }
  const needed = options.everyStage ? stages : neededStages(stages, [options.target, ...(options.alsoBuilt ?? [])])
  return { dockerfile, options, globalArgs, defaultArgs, stages, needed }
}

function startOf(base: LintBase, parent: LintStage | undefined, dockerfile: Dockerfile): StageState {
  const common = { escape: dockerfile.escape }
  if (parent !== undefined) {
    const { config, author } = parent.final
    return initialState({ config, author, inherited: parent.final, ...common })
  }
  if (base.kind === 'scratch') return initialState({ ...scratchState, ...common })
  const config = base.kind === 'image' ? (base.config?.config ?? {}) : {}
  return initialState({ config, author: undefined, inherited: undefined, ...common })
}
