import type { Device } from '../dockerfile/device.ts'
import type { RunNetwork } from '../dockerfile/instruction.ts'
import type { CacheSharing, MountOwner } from '../dockerfile/mount.ts'
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
  /** In the order of the Dockerfile. */
  readonly mounts: readonly StepMount[]
  readonly network: RunNetwork
  /** What it finds the machine called; undefined leaves that to those who run it. */
  readonly hostname?: string | undefined
  readonly security: 'sandbox' | 'insecure'
  readonly devices: readonly Device[]
}

/** Something that a command finds at a place of its own while it runs, and that no layer holds. Targets are absolute. */
export type StepMount =
  | {
      readonly type: 'bind'
      readonly target: string
      readonly origin: Origin
      /** A file or directory there; "" and "/" are all of it. */
      readonly source: string
      /** False lets the command write, to nobody's files but its own. */
      readonly readOnly: boolean
    }
  | CacheMount
  | {
      readonly type: 'tmpfs'
      readonly target: string
      /** Bytes; undefined where there is no limit but that of the machine. */
      readonly size: number | undefined
      readonly readOnly: boolean
    }
  | SecretMount
  | (MountOwner & {
      readonly type: 'ssh'
      readonly id: string
      readonly target: string
      /** Whether it is an error that no agent is given. */
      readonly required: boolean
    })

/** A directory that stays from build to build. */
export interface CacheMount extends MountOwner {
  readonly type: 'cache'
  readonly id: string
  readonly target: string
  /** What a new one begins with; undefined for nothing. */
  readonly origin: Exclude<Origin, { readonly kind: 'context' }> | undefined
  readonly source: string
  readonly readOnly: boolean
  readonly sharing: CacheSharing
}

export interface SecretMount extends MountOwner {
  readonly type: 'secret'
  readonly id: string
  /** The file it becomes; undefined where it is only a variable. */
  readonly target: string | undefined
  readonly env: string | undefined
  /** Whether it is an error that it is not given. */
  readonly required: boolean
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
  /** Asks for a layer of its own from nothing, to lie on whatever is below; see `isLinked`. */
  readonly link: boolean
  /** Patterns below each source, as in an ignore file: what they match is not copied. */
  readonly exclude: readonly string[]
}

export interface CopyStep extends FileStep {
  readonly kind: 'copy'
  /** A source keeps its directories, or those behind "/./" in it. */
  readonly parents: boolean
}

export interface AddStep extends FileStep {
  readonly kind: 'add'
  readonly checksum: string | undefined
  /** Whether archives are unpacked; undefined for those of the context, not of the web. */
  readonly unpack: boolean | undefined
  /** Whether the files of a repository keep its ".git". */
  readonly keepGitDirectory: boolean
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
  for (const step of stage.steps) for (const index of sourceStagesOf(step)) needed.add(index)
  return [...needed].sort((a, b) => a - b)
}

/** The stages whose files a step takes, in their order. */
export function sourceStagesOf(step: Step): readonly number[] {
  const stages = originsOf(step).flatMap((origin) => (origin.kind === 'stage' ? [origin.index] : []))
  return [...new Set(stages)].sort((a, b) => a - b)
}

/** Where a step takes files from. */
export function originsOf(step: Step): readonly Origin[] {
  switch (step.kind) {
    case 'copy':
    case 'add':
      return [step.origin]
    case 'run':
      return step.mounts.flatMap((mount) => ('origin' in mount && mount.origin !== undefined ? [mount.origin] : []))
    default:
      return []
  }
}

/** Whether a step's layer is made from nothing. As in BuildKit, --chmod and --link do not go together: --chmod wins. */
export function isLinked(step: Step): boolean {
  return (step.kind === 'copy' || step.kind === 'add') && step.link && step.chmod === undefined
}

/** Whether a build uses directories that stay for later ones. */
export function hasCacheMounts({ stages }: BuildPlan): boolean {
  const steps = stages.flatMap((stage) => stage.steps)
  return steps.some((step) => step.kind === 'run' && step.mounts.some((mount) => mount.type === 'cache'))
}

/** "builder" or "stage 2": how messages call a stage. */
export function stageTitle(stage: { readonly index: number; readonly name: string | undefined }): string {
  return stage.name ?? `stage ${stage.index}`
}
