import type { EntryAbout } from './about.ts'
import type { Difference } from './difference.ts'
import { differencesText, isOnlyBelow } from './difference-text.ts'
import type { CacheKey } from './key.ts'

/** Why a layer does not come from the cache. */
export type MissReason =
  /** The step was cached before, made of something else. */
  | 'changed'
  /** Nothing like it is kept in the cache directory. */
  | 'new'
  /** There is a layer of the key, and it is older than the time to live. */
  | 'expired'
  /** Its bytes are no longer there. */
  | 'blob-missing'
  | 'blob-damaged'
  /** The entry of the key cannot be read. */
  | 'entry-damaged'
  /** It was made on other results of the commands below. */
  | 'other-results'
  /** There is no cache directory, and the cache repository does not have the key. */
  | 'not-in-repository'

/** The stored layer that a miss is compared with. */
export interface NearestLayer {
  readonly key: CacheKey
  readonly created: Date
  readonly text: string
  readonly about?: EntryAbout
}

export interface Explanation {
  readonly reason: MissReason
  /** On one line. */
  readonly text: string
  /** It only follows from a miss below, which says why; nobody needs to read it again. */
  readonly follows: boolean
  readonly nearest?: NearestLayer
  readonly differences: readonly Difference[]
}

/** What needs no other record to be explained. `detail` names a blob or a time. */
export function explanationOf(reason: Exclude<MissReason, 'changed'>, follows: boolean, detail = ''): Explanation {
  return { reason, text: texts[reason](detail), follows, differences: [] }
}

const texts: { readonly [reason in Exclude<MissReason, 'changed'>]: (detail: string) => string } = {
  new: () => 'never built here before',
  expired: (detail) => `the cached layer has expired (${detail})`,
  'blob-missing': (detail) => `its blob ${detail} is missing`,
  'blob-damaged': (detail) => (detail === '' ? 'its blob is damaged' : `its blob ${detail} is damaged`),
  'entry-damaged': () => 'its cache entry is damaged',
  'other-results': () => 'the cached layer was made on other results of earlier commands',
  'not-in-repository': () => 'not in the cache repository',
}

/** A step that was cached before, made of something else. */
export function changedSince(
  nearest: NearestLayer,
  differences: readonly Difference[],
  { follows, below }: { readonly follows: boolean; readonly below?: string | undefined },
): Explanation {
  const known = differencesText(differences)
  const text = below === undefined ? known : known.replace('the step before it changed', below)
  return { reason: 'changed', text, follows: follows && isOnlyBelow(differences), nearest, differences }
}
