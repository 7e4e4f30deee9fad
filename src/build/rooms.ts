import type { DownloadNotes } from '../../cache/download-notes.ts'
import type { MissReader } from '../../cache/explain.ts'
import type { Flights } from '../../cache/flights.ts'
import type { LayerCache } from '../../cache/layer-cache.ts'
import type { MountDirectories } from '../../cache/mount-directories.ts'
import type { UnpackedTrees } from '../../cache/unpacked-trees.ts'
import type { BlobStore } from '../content/blob-store.ts'
import type { BuildContext } from '../context/open-context.ts'
import type { GitSources } from '../git/sources.ts'
import type { HttpClient } from '../http/http-client.ts'
import type { NewCompression } from '../image/layer.ts'
import type { PulledImage } from '../image/pulled-image.ts'
import type { TreeTables } from '../image/tree-tables.ts'
import type { Log } from '../log.ts'
import type { Platform } from '../oci/platform.ts'
import type { ImageReference } from '../oci/reference.ts'
import type { IgnoredPaths } from '../rootfs/ignored-paths.ts'
import type { OverlayMarks } from '../rootfs/overlay-mount.ts'
import type { Isolation } from '../run/isolation.ts'
import type { ExplainedMiss } from './explain-step.ts'
import type { NamedContextFiles } from './named-contexts.ts'

/** Finds images: in the layout they are in, or else warmed ones first, then the registry. One answer per reference for the whole build. */
export interface ImageSource {
  find(reference: ImageReference, platform: Platform): Promise<PulledImage>
}

/** Which layers the cache is asked for and given: in every tier, in the local one only, or not at all. */
export type CachePolicy = 'all' | 'local' | 'none'

export interface LayerOptions {
  /** How new layers are compressed; gzip unless given. */
  readonly compression?: NewCompression
  /** Of zlib, 1 to 9, or of zstd, 1 to 22. */
  readonly compressionLevel: number
  /** Equal input gives equal bytes: no time in new layers and in the configuration is later than the epoch. */
  readonly reproducible: boolean
  /** The time of what is made; undefined for that of making it, or for 1970 where it is to be reproducible. */
  readonly epoch?: Date | undefined
  /** One layer for the whole target stage. */
  readonly singleSnapshot: boolean
  readonly snapshotMode: 'full' | 'redo' | 'time'
  /** What --ignore-path names, as given: changes there are in no layer. */
  readonly ignorePaths?: readonly string[]
}

/** Who knows why a step is not in the cache, and who wants to hear it. */
export interface MissRooms {
  readonly reader: MissReader
  /** `log` is that of the stage. */
  readonly tell: (miss: ExplainedMiss, log: Log) => void
}

/** Everything a build works with, made once by the composition root. */
export interface BuildRooms {
  readonly context: BuildContext
  readonly namedContexts: NamedContextFiles
  /** Where new layers are written; the cache directory when it is writable, else a temporary store. */
  readonly store: BlobStore
  readonly cache: LayerCache | undefined
  readonly cachePolicy: { readonly run: CachePolicy; readonly copy: CachePolicy }
  /** The steps that builds on the same cache directory are at; undefined where there is none. */
  readonly flights?: Flights | undefined
  /** Undefined where misses are not explained. */
  readonly misses?: MissRooms
  /** What RUN --mount=type=cache mounts; in the cache directory when it is writable. */
  readonly mountDirectories: MountDirectories
  /** What --secret gives, by id. */
  readonly secrets: ReadonlyMap<string, Buffer>
  /** The sockets of the agents that --ssh gives, by id. */
  readonly agents: ReadonlyMap<string, string>
  readonly images: ImageSource
  /** What is known of the files of images from earlier builds; undefined where nothing is kept. */
  readonly tables?: TreeTables | undefined
  /** The unpacked files of images from earlier builds; undefined where none are kept. */
  readonly unpackedTrees?: UnpackedTrees | undefined
  readonly isolation: Isolation
  /** How overlays are marked, where roots can be overlays; otherwise each is unpacked into a directory of its own. */
  readonly overlay: OverlayMarks | undefined
  readonly http: HttpClient
  /** What addresses delivered to earlier builds, where somebody keeps it. */
  readonly downloads?: DownloadNotes | undefined
  readonly git: GitSources
  /** An existing directory that holds stage roots and downloads, and nothing else. */
  readonly workDir: string
  readonly layers: LayerOptions
  /** Leave nothing of the last stage in a root that stages share. */
  readonly cleanUp: boolean
  /** Let what was in it before come back then. */
  readonly keepRoot: boolean
  /** Paths of the image whose changes are left out of layers. */
  readonly unwanted: IgnoredPaths
  /** Unpack every stage and image, also where their files need not be anywhere: for comparing. */
  readonly unpackAll?: boolean
  readonly log: Log
  /** The build's own time, used wherever a time is written. */
  readonly now: Date
  readonly signal?: AbortSignal
}
