import { HearthError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import { parseReference } from '../oci/reference.ts'
import { type StageOutline, stageNamed } from './stage-outline.ts'
import type { Origin } from './step.ts'

export interface OriginSurroundings {
  readonly stages: readonly StageOutline[]
  /** The stage that takes the files. */
  readonly stage: StageOutline
  /** Of the images that are named. */
  readonly platform: Platform
}

/** What `from` names: the context where it names nothing, an earlier stage, or an image. Errors call it by its `key`. */
export function originOf(from: string | undefined, around: OriginSurroundings, key = '--from'): Origin {
  if (from === undefined) return { kind: 'context' }
  const { stages, stage, platform } = around
  const named = stageNamed(stages, from, stage.index)
  if (named !== undefined) return { kind: 'stage', index: named.index }
  if (/^\d+$/.test(from)) {
    if (Number(from) < stage.index) return { kind: 'stage', index: Number(from) }
    throw badStage(`${key}=${from} does not name an earlier stage`, `this is stage ${stage.index}, stages count from 0`)
  }
  if (stages.some((other) => other.name === from.toLowerCase())) {
    throw badStage(`${key}=${from} names a stage that is not built yet`, 'files can only come from stages above it')
  }
  if (from === 'scratch') throw badStage(`${key}=scratch has no files`, 'scratch is the empty image')
  return { kind: 'image', reference: parseReference(from), platform }
}

function badStage(message: string, why: string): HearthError {
  return new HearthError({ code: 'dockerfile-stage', message, why })
}
