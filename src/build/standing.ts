import { type CacheKey, cacheKey, type KeyRecord } from '../../cache/key.ts'
import { type DiffID, digestOf } from '../oci/digest.ts'
import { isLinked, sourceStagesOf } from '../plan/step.ts'
import type { KeyedStep } from './keyed-stage.ts'
import { identityOfLinked, lineageAfter } from './lineage.ts'

// A step has a first key that is known before anything is built: files of other stages and of images are named in it by
// what they come from. Where that has changed, the files need not have: other keys name them by their content, and what
// is below by the layers that were made of such files. They are the first one where nothing comes from elsewhere.

/** What other keys say of the layers below a step: what they are, and which results they rest on. */
export interface Standing {
  readonly identity: string
  readonly lineage: string
}

/** A step whose layer is known. */
export interface DoneStep {
  readonly keyed: KeyedStep
  /** Lineages of the stages whose files it took, in the order of `sourceStagesOf`. */
  readonly sources: readonly string[]
  /** Undefined while its stage is squashed into one layer. */
  readonly diffID: DiffID | undefined
  /** The step's key by content, where it has one that is known. */
  readonly content: CacheKey | undefined
}

/** The first record of a step, but on what is below by content. */
export function recordOn({ identity }: Standing, { step, record }: KeyedStep): KeyRecord {
  return isLinked(step) ? record : { ...record, parent: identity }
}

/**
 * What the next step stands on. What was made of another root's files is told by their content, or else by what it is;
 * results of commands always by what they are.
 */
export function standingAfter(below: Standing, { keyed, sources, diffID, content }: DoneStep): Standing {
  const { step, record, key } = keyed
  if (comesFromElsewhere(keyed)) {
    const result = digestOf(JSON.stringify([below.identity, diffID ?? key]))
    const told = step.kind === 'run' ? (diffID ?? key) : (content ?? diffID ?? key)
    const lineage = digestOf(JSON.stringify([below.lineage, told]))
    if (content === undefined) return { identity: `result:${result}`, lineage }
    return { identity: isLinked(step) ? identityOfLinked(below.identity, content) : content, lineage }
  }
  const own = isLinked(step) || below.identity === record.parent ? key : cacheKey(recordOn(below, keyed))
  const identity = isLinked(step) ? identityOfLinked(below.identity, own) : own
  return { identity, lineage: lineageAfter(below.lineage, { step, key: own, sources, diffID }) }
}

/** Whether its files, or those that a command finds mounted, are named in the first key by where they come from. */
export function comesFromElsewhere({ step, prepared }: Pick<KeyedStep, 'step' | 'prepared'>): boolean {
  return prepared.byContent !== undefined || sourceStagesOf(step).length > 0
}
