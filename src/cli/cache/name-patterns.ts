import type { CacheItem } from '../../../cache/cache-item.ts'
import { HearthError } from '../../errors.ts'
import { formatReference, parseReference } from '../../oci/reference.ts'

/** The digits of a key that are enough to name a layer, as plans print them. */
const shortKey = 12

/**
 * Says which items are meant by any of these: an image's reference, in its short form, too; the name or title of an item; a
 * part of a key of at least 12 digits. "*" stands for any text, "?" for any character. Undefined when nothing is given.
 */
export function matcherOf(patterns: readonly string[]): ((item: CacheItem) => boolean) | undefined {
  if (patterns.length === 0) return undefined
  const all = patterns.flatMap(spellingsOf).map(matcher)
  return (item) => all.some((matches) => matches(item))
}

function spellingsOf(pattern: string): readonly string[] {
  try {
    // A reference takes no "*" for a name, but for its tag or digest it is filled in by itself.
    const reference = formatReference(parseReference(pattern.replaceAll('*', wildcard)))
    return [pattern, reference.replaceAll(wildcard, '*')]
  } catch (error) {
    if (error instanceof HearthError) return [pattern]
    throw error
  }
}

/** What a "*" is while a pattern is read as a reference. */
const wildcard = 'wildcard0any0text'

function matcher(pattern: string): (item: CacheItem) => boolean {
  const escaped = pattern
    .replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
    .replaceAll('\\*', '[^]*')
    .replaceAll('\\?', '[^]')
  const expression = new RegExp(`^${escaped}$`)
  const isKey = new RegExp(`^[0-9a-f]{${shortKey},}$`).test(pattern)
  return ({ name, title }) => {
    return expression.test(name) || expression.test(title) || (isKey && name.startsWith(pattern))
  }
}
