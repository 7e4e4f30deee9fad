import type { Dockerfile } from '../src/dockerfile/dockerfile.ts'
import type { CopyInstruction, Instruction } from '../src/dockerfile/instruction.ts'
import type { Platform } from '../src/oci/platform.ts'
import { isInLayout, parseReference } from '../src/oci/reference.ts'
import { expanding, outlineStages, type StageOutline } from '../src/plan/stage-outline.ts'
import type { StageBase } from '../src/plan/step.ts'
import type { WantedImage } from './wanted-image.ts'

export interface DockerfileOptions {
  readonly buildArgs: Readonly<Record<string, string>>
  /** For stages whose FROM names none. */
  readonly platform: Platform
  /** Platform of the machine that builds. */
  readonly buildPlatform: Platform
}

/**
 * The images a Dockerfile builds upon, in its order: what each FROM names, stages nobody needs included, and images
 * that COPY --from takes files of. scratch and other stages are left out; an image may be there more than once.
 */
export function imagesOfDockerfile(dockerfile: Dockerfile, options: DockerfileOptions): readonly WantedImage[] {
  const { stages } = outlineStages(dockerfile, { ...options, target: undefined, labels: {} })
  const names = new Set(stages.map(({ name }) => name))
  return stages.flatMap((stage) => {
    const { base } = stage
    const own = base.kind === 'image' ? inRegistry(base) : []
    return [...own, ...copiedImages(stage, { names, dockerfile })]
  })
}

function inRegistry({ reference, platform }: StageBase & { readonly kind: 'image' }): readonly WantedImage[] {
  return isInLayout(reference) ? [] : [{ reference, platform }]
}

interface Surroundings {
  /** Of all stages, as they are compared. */
  readonly names: ReadonlySet<string | undefined>
  readonly dockerfile: Dockerfile
}

function copiedImages(stage: StageOutline, { names, dockerfile }: Surroundings): readonly WantedImage[] {
  const copies = stage.stage.instructions.filter(isCopy)
  return copies.flatMap((copy) => {
    const { from } = copy
    if (from === undefined || /^\d+$/.test(from) || names.has(from.toLowerCase())) return []
    return [{ reference: expanding(dockerfile, copy, () => parseReference(from)), platform: stage.platform }]
  })
}

function isCopy(instruction: Instruction): instruction is CopyInstruction {
  return instruction.kind === 'COPY'
}
