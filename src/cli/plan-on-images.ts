import type { ImageSource } from '../build/rooms.ts'
import type { Dockerfile } from '../dockerfile/dockerfile.ts'
import type { ImageConfig } from '../oci/image-config.ts'
import { formatPlatform, type Platform } from '../oci/platform.ts'
import { formatReference, type ImageReference } from '../oci/reference.ts'
import { planBuild } from '../plan/plan.ts'
import type { BuildPlan } from '../plan/step.ts'
import type { ExecutorOptions } from './executor-options.ts'

/** A plan, and what was read of images for it. */
export interface Planned {
  readonly plan: BuildPlan
  /** The configurations of the base images that were looked at. */
  baseConfig(reference: ImageReference, platform: Platform): ImageConfig | undefined
}

/** Plans a Dockerfile on the images that it names. */
export async function planOf(dockerfile: Dockerfile, options: ExecutorOptions, images: ImageSource): Promise<Planned> {
  const { target, alsoBuilt, buildArgs, labels, platform, buildPlatform, buildContexts: contexts } = options
  const { hostname } = options.wishes
  const configs = new Map<string, ImageConfig>()
  const nameOf = (reference: ImageReference, wanted: Platform): string =>
    `${formatReference(reference)} ${formatPlatform(wanted)}`
  const plan = await planBuild(
    dockerfile,
    { target, alsoBuilt, buildArgs, labels, platform, buildPlatform, contexts, hostname },
    async (reference, wanted) => {
      const { config } = (await images.find(reference, wanted)).image
      configs.set(nameOf(reference, wanted), config)
      return config
    },
  )
  return { plan, baseConfig: (reference, wanted) => configs.get(nameOf(reference, wanted)) }
}
