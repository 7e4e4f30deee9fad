import type { CachePolicy } from '../build/rooms.ts'
import type { ImageFormat } from '../image/image.ts'
import type { NewCompression } from '../image/layer.ts'
import type { Platform } from '../oci/platform.ts'
import type { BuildWishes } from '../plan/front-end-args.ts'
import type { NamedContexts } from '../plan/named-contexts.ts'
import type { CachePlaces } from './cache-places.ts'
import type { Environment } from './environment.ts'
import type { LogChoice } from './flags/log-flags.ts'
import type { RegistryFlags } from './flags/registry-flags.ts'
import type { GitFlags } from './git-flags.ts'
import type { ParsedLint } from './parse-lint.ts'
import type { SecretSource } from './secret-flags.ts'

export const isolationChoices = ['auto', 'overlay', 'namespaces', 'userns', 'in-place', 'chroot'] as const
export type IsolationChoice = (typeof isolationChoices)[number]

export const snapshotModes = ['full', 'redo', 'time'] as const
export type SnapshotMode = (typeof snapshotModes)[number]

export const planFormats = ['text', 'json'] as const
export type PlanFormat = (typeof planFormats)[number]

export const explainForms = ['text', 'json', 'off'] as const
export type ExplainForm = (typeof explainForms)[number]

/** What the executor was asked to do: every flag with its value, checked as far as it can be without touching a file. */
export interface ExecutorOptions {
  /** As given: a path relative to the working directory or to the context. */
  readonly dockerfile: string
  /** As given: a path, "scheme://…", or the address of a git repository. */
  readonly context: string
  /** Below the context; the files to build from lie there. */
  readonly contextSubPath?: string
  readonly git: GitFlags
  /** Each one a valid reference, as given. */
  readonly destinations: readonly string[]
  readonly push: boolean
  readonly tarPath?: string
  readonly ociLayoutPath?: string
  readonly digestFile?: string
  readonly imageNameWithDigestFile?: string
  readonly imageNameTagWithDigestFile?: string
  readonly buildArgs: Readonly<Record<string, string>>
  /** What they ask of the build itself. */
  readonly wishes: BuildWishes
  /** Where each secret is, by its id; none has been read. */
  readonly secrets: ReadonlyMap<string, SecretSource>
  /** The socket of each SSH agent, by its id, as given. */
  readonly agents: ReadonlyMap<string, string>
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  /** The stage that becomes the image: the first --target; the last stage when undefined. */
  readonly target?: string
  /** Further stages to build: the other targets. */
  readonly alsoBuilt: readonly string[]
  readonly buildContexts: NamedContexts
  readonly cache: boolean
  readonly cacheDir: string
  /** Where layers are looked for and kept, if `cache` is true. */
  readonly cachePlaces: CachePlaces
  readonly cacheTtlMs: number
  /** In bytes; undefined for as much as there is room. */
  readonly cacheMaxSize: number | undefined
  /** What cache mounts may have of it, in bytes. */
  readonly cacheMountMaxSize: number | undefined
  readonly cacheRunLayers: CachePolicy
  readonly cacheCopyLayers: CachePolicy
  /** How it is said why a step is not in the cache. */
  readonly explain: ExplainForm
  /** How long another build is waited for that is at the same step, in ms. */
  readonly sameStepWaitMs: number
  /** Roots may lie on the unpacked files of bases that are kept in the cache directory. */
  readonly cacheUnpacked: boolean
  readonly singleSnapshot: boolean
  readonly snapshotMode: SnapshotMode
  readonly reproducible: boolean
  /** Of new layers. */
  readonly compression: { readonly compression: NewCompression; readonly compressionLevel: number }
  readonly imageFormat: ImageFormat
  readonly registry: RegistryFlags
  readonly pushRetry: number
  readonly keepsImmutableTags: boolean
  readonly imageDownloadRetry: number
  /** The host's own unless --custom-platform says otherwise. */
  readonly platform: Platform
  readonly buildPlatform: Platform
  readonly log: LogChoice
  /** Print the plan, and build nothing. */
  readonly dryrun: boolean
  readonly planFormat: PlanFormat
  readonly isolation: IsolationChoice
  /** Leave no image's files in a root that stages share. */
  readonly cleanUp: boolean
  /** Let it hold in the end what it held before. */
  readonly preserveContext: boolean
  /** Absolute paths of the image, or patterns of such, whose changes are left out of layers. */
  readonly ignorePaths: readonly string[]
  /** Whether /var/run counts among them where the root is the machine's own and something is mounted in it. */
  readonly ignoreVarRun: boolean
  readonly force: boolean
  /** Absolute; used in place of /kaniko for what is written. */
  readonly kanikoDir?: string
  /** Where stage roots live; without it a new directory below the system's temporary one. */
  readonly workDir?: string
  readonly environment: Environment
  /** Flags that were accepted although they mean nothing here: one line each, for the debug log. */
  readonly notices: readonly string[]
  readonly warnings: readonly string[]
}

export type ParsedExecutor =
  | { readonly kind: 'build'; readonly options: ExecutorOptions }
  | ParsedLint
  | { readonly kind: 'version' }
