import type { ContainerConfig } from '../oci/image-config.ts'
import type { Platform } from '../oci/platform.ts'
import type { ImageReference } from '../oci/reference.ts'

/** Where a COPY or ADD takes its files from. */
export type Origin =
  /** The build context, or the one that was given that name. */
  | { readonly kind: 'context'; readonly name?: string }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: ImageReference; readonly platform: Platform }

export interface HeredocFile {
  readonly name: string
  /** The body with variables expanded where the Dockerfile asks for it. */
  readonly content: string
}

interface StepCommon {
  /** First line in the Dockerfile, counted from 1; for an ONBUILD trigger the line of the FROM that brought it in. */
  readonly line: number
  /** The instruction on one line, for messages. */
  readonly text: string
  /** `created_by` of the history entry. */
  readonly createdBy: string
  /** The container configuration once this step is done. */
  readonly config: ContainerConfig
}

export interface RunStep extends StepCommon {
  readonly kind: 'run'
  readonly argv: readonly string[]
  /** What the command sees; HOME is added when it runs. */
  readonly env: Readonly<Record<string, string>>
  /** Proxy settings the command sees but the layer must not depend on. */
  readonly proxyEnv: Readonly<Record<string, string>>
  readonly user: string
  readonly workdir: string
  /** The executable file that `argv` names, where the command is a heredoc with an interpreter of its own. */
  readonly script: Script | undefined
}

/** A file that a command finds at its absolute path while it runs. */
export interface Script {
  readonly path: string
  readonly content: string
}

interface FileStep extends StepCommon {
  readonly origin: Origin
  readonly sources: readonly string[]
  readonly heredocs: readonly HeredocFile[]
  /** As written after expansion; relative to `workdir`, a trailing slash counts. */
  readonly destination: string
  readonly workdir: string
  readonly chown: string | undefined
  readonly chmod: string | undefined
}

export interface CopyStep extends FileStep {
  readonly kind: 'copy'
}

export interface AddStep extends FileStep {
  readonly kind: 'add'
  readonly checksum: string | undefined
}

export interface WorkdirStep extends StepCommon {
  readonly kind: 'workdir'
  /** Absolute. */
  readonly path: string
  readonly user: string
}

/** A step that changes the image's configuration and nothing else: a history entry, no layer. */
export interface ConfigStep extends StepCommon {
  readonly kind: 'config'
}

/** A step that makes a layer. */
export type LayerStep = RunStep | CopyStep | AddStep | WorkdirStep
export type Step = LayerStep | ConfigStep

export type StageBase =
  | { readonly kind: 'scratch' }
  | { readonly kind: 'stage'; readonly index: number }
  | { readonly kind: 'image'; readonly reference: ImageReference; readonly platform: Platform }

export interface StagePlan {
  readonly index: number
  readonly name: string | undefined
  readonly line: number
  readonly base: StageBase
  readonly platform: Platform
  readonly steps: readonly Step[]
  /** Configuration of the finished stage. */
  readonly config: ContainerConfig
  readonly author: string | undefined
  /** A named context took the place of its instructions. */
  readonly isReplaced?: boolean
}

/** The stages a build needs, in the order of the Dockerfile; the last one becomes the image. */
export interface BuildPlan {
  readonly dockerfile: string
  readonly stages: readonly StagePlan[]
  readonly target: StagePlan
  /** Further stages that are wanted for their own sake. */
  readonly also?: readonly StagePlan[]
  /** What of the Dockerfile is left out. */
  readonly pruned?: readonly PrunedStage[]
}

/** A stage that is not built. */
export interface PrunedStage {
  readonly index: number
  readonly name: string | undefined
  readonly line: number
  readonly why: string
}

/** The stages whose files or base a stage needs. */
export function dependenciesOf(stage: StagePlan): readonly number[] {
  const needed = new Set<number>()
  if (stage.base.kind === 'stage') needed.add(stage.base.index)
  for (const step of stage.steps) {
    if ((step.kind === 'copy' || step.kind === 'add') && step.origin.kind === 'stage') needed.add(step.origin.index)
  }
  return [...needed].sort((a, b) => a - b)
}

/** "builder" or "stage 2": how messages call a stage. */
export function stageTitle(stage: { readonly index: number; readonly name: string | undefined }): string {
  return stage.name ?? `stage ${stage.index}`
}
