import type { Layer } from '../image/layer.ts'
import type { ContainerConfig, History, ImageConfig } from '../oci/image-config.ts'
import type { StageBase } from '../plan/step.ts'
import { isTimeFixed, newestOf, timeOf } from './history.ts'
import { identityOfLayers } from './lineage.ts'
import type { BuildRooms } from './rooms.ts'
import type { Standing } from './standing.ts'

/** A stage whose layers are all known: found in the cache or made. */
export interface BuiltStage {
  readonly layers: readonly Layer[]
  /** How many of them are those of the image at the bottom. */
  readonly image: number
  readonly history: readonly History[]
  readonly config: ContainerConfig
  /** The configuration of the image at the bottom; undefined above scratch. */
  readonly baseConfig: ImageConfig | undefined
  readonly author: string | undefined
  readonly created: Date
  /** Says which results of commands the layers rest on; see `lineageAfter`. */
  readonly lineage: string
  /** The same for other keys. */
  readonly standing: Standing
  /** Not all of its layers were in the cache. */
  readonly missed: boolean
}

/** What a stage is that begins with an image, or with nothing. */
export async function imageBase(
  base: Exclude<StageBase, { readonly kind: 'stage' }>,
  config: BuiltStage['config'],
  { images, layers: options, now: started }: Pick<BuildRooms, 'images' | 'layers' | 'now'>,
): Promise<BuiltStage> {
  const now = timeOf(started, options)
  const empty = {
    layers: [],
    image: 0,
    history: [],
    config,
    author: undefined,
    lineage: 'scratch',
    standing: { identity: 'scratch', lineage: 'scratch' },
    created: now,
    missed: false,
  }
  if (base.kind === 'scratch') return { ...empty, baseConfig: undefined }
  const { image } = await images.find(base.reference, base.platform)
  const { layers, config: baseConfig } = image
  const { history, author } = baseConfig
  const created = isTimeFixed(options) ? now : (newestOf(history, baseConfig.created) ?? now)
  const lineage = identityOfLayers(layers)
  const standing = { identity: lineage, lineage }
  return { ...empty, layers, image: layers.length, history, author, created, lineage, standing, baseConfig }
}
