import type { Platform } from '../oci/platform.ts'
import type { Reference } from '../oci/reference.ts'
import type { StageBuild } from './stage-build.ts'

/** What the stages of one build know of each other. */
export interface BuildGraph {
  /** The Dockerfile's name, for messages. */
  readonly dockerfile: string
  /** Index of the stage that becomes the image. */
  readonly target: number
  stage(index: number): StageBuild
  /** The unpacked files of an image that COPY --from names. */
  imageRoot(reference: Reference, platform: Platform): Promise<string>
}
