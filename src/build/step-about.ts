import type { EntryAbout } from '../../cache/about.ts'
import type { Platform } from '../oci/platform.ts'
import { type ImageReference, shortReference } from '../oci/reference.ts'
import { envPairs } from '../plan/container-config.ts'
import { type LayerStep, type Origin, originsOf, type StageBase, type StagePlan, stageTitle } from '../plan/step.ts'
import type { BuildGraph } from './build-graph.ts'
import type { KeyedStep } from './keyed-stage.ts'
import { identityOfLayers } from './lineage.ts'
import type { BuildRooms } from './rooms.ts'

/** Where a step stands. */
export interface StepSurroundings {
  readonly stage: StagePlan
  /** The steps of the stage that have keys, in their order. */
  readonly steps: readonly KeyedStep[]
  readonly graph: BuildGraph
  readonly rooms: BuildRooms
}

/** What people are told of a step, besides what decides about its layer. Its key is known, so its images are found already. */
export async function aboutStep({ step, record }: KeyedStep, around: StepSurroundings): Promise<EntryAbout> {
  const { stage, steps, graph } = around
  const position = steps.findIndex((keyed) => keyed.step === step)
  const origins: readonly (StageBase | Origin)[] = [...(position === 0 ? [stage.base] : []), ...originsOf(step)]
  const named = await Promise.all(origins.map((origin) => nameOf(origin, around)))
  return {
    dockerfile: graph.dockerfile,
    stage: stageTitle(stage),
    position,
    line: step.line,
    args: argsOf(step, Object.keys(record.fields.env ?? {})),
    names: Object.fromEntries(named.flat()),
  }
}

async function nameOf(
  origin: StageBase | Origin,
  { graph, rooms }: StepSurroundings,
): Promise<readonly (readonly [identity: string, name: string])[]> {
  switch (origin.kind) {
    case 'stage': {
      const { plan } = graph.stage(origin.index)
      return [
        [await graph.stage(origin.index).identity(), plan.name === undefined ? stageTitle(plan) : `stage ${plan.name}`],
      ]
    }
    case 'image':
      return [await imageName(origin, rooms)]
    default:
      return []
  }
}

async function imageName(
  { reference, platform }: { readonly reference: ImageReference; readonly platform: Platform },
  { images }: BuildRooms,
): Promise<readonly [identity: string, name: string]> {
  const { image, manifestDescriptor } = await images.find(reference, platform)
  const name = shortReference({ ...reference, digest: undefined })
  return [identityOfLayers(image.layers), `${name}@${manifestDescriptor.digest}`]
}

/** What a command sees and the configuration does not have comes from an ARG. */
function argsOf({ config }: LayerStep, names: readonly string[]): readonly string[] {
  const inImage = new Set(envPairs(config).map(([name]) => name))
  return names.filter((name) => !inImage.has(name))
}
