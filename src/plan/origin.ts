import { HearthError } from '../errors.ts'
import type { Platform } from '../oci/platform.ts'
import { parseReference } from '../oci/reference.ts'
import { contextNamed, type NamedContexts } from './named-contexts.ts'
import { type StageOutline, stageNamed } from './stage-outline.ts'
import type { Origin } from './step.ts'

export interface OriginSurroundings {
  readonly stages: readonly StageOutline[]
  /** The stage that takes the files. */
  readonly stage: StageOutline
  /** Of the images that are named. */
  readonly platform: Platform
  readonly contexts: NamedContexts | undefined
}

/** What `from` names: the context where it names nothing, an earlier stage, or an image. Errors call it by its `key`. */
export function originOf(from: string | undefined, around: OriginSurroundings, key = '--from'): Origin {
  if (from === undefined) return { kind: 'context' }
  const { stages, stage, platform, contexts } = around
  const named = stageNamed(stages, from, stage.index)
  if (named !== undefined) return originAt(named)
  if (/^\d+$/.test(from)) {
    const numbered = stages.slice(0, stage.index)[Number(from)]
    if (numbered !== undefined) return originAt(numbered)
    throw badStage(`${key}=${from} does not name an earlier stage`, `this is stage ${stage.index}, stages count from 0`)
  }
  if (stages.some((other) => other.name === from.toLowerCase())) {
    throw badStage(`${key}=${from} names a stage that is not built yet`, 'files can only come from stages above it')
  }
  if (from === 'scratch') throw badStage(`${key}=scratch has no files`, 'scratch is the empty image')
  const context = contextNamed(contexts, from)
  if (context?.kind === 'scratch') throw badStage(`${key}=${from} has no files`, 'it is docker-image://scratch')
  if (context?.kind === 'files') return { kind: 'context', name: from }
  if (context?.kind === 'image') return { kind: 'image', reference: context.reference, platform }
  return { kind: 'image', reference: parseReference(from), platform }
}

/** A stage, or what took its place. */
function originAt({ index, isReplaced, files, base }: StageOutline): Origin {
  if (isReplaced === true && files !== undefined) return { kind: 'context', name: files }
  if (isReplaced === true && base.kind === 'image') return base
  return { kind: 'stage', index }
}

function badStage(message: string, why: string): HearthError {
  return new HearthError({ code: 'dockerfile-stage', message, why, marks: /(?:--)?from=\S+/.exec(message)?.[0] })
}
