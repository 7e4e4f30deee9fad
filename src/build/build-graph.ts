import type { Log } from '../log.ts'
import type { Platform } from '../oci/platform.ts'
import type { ImageReference } from '../oci/reference.ts'
import type { RootTurns } from './root-turns.ts'
import type { StageBuild } from './stage-build.ts'
import type { StageRoot } from './stage-root.ts'

/** What the stages of one build know of each other. */
export interface BuildGraph {
  /** The Dockerfile's name, for messages. */
  readonly dockerfile: string
  /** Index of the stage that becomes the image. */
  readonly target: number
  stage(index: number): StageBuild
  readonly turns: RootTurns
  /** A root for one user alone, at a place of that name in the work directory. */
  openRoot(name: string, log: Log): StageRoot
  /** The lineage that cached copies of a stage's files must have; undefined when none may be used. */
  agreedLineage(index: number): Promise<string | undefined>
  /** To be told the lineage of each stage that is built. */
  confirm(index: number, lineage: string): Promise<void>
  /** The unpacked files of an image that COPY --from names. */
  imageRoot(reference: ImageReference, platform: Platform): Promise<string>
}
