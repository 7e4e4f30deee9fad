import { parseRepository } from '../oci/reference.ts'
import type { FlagValues } from './flags/flag-values.ts'
import { splitPair } from './flags/pairs.ts'
import { wrongUsage } from './flags/usage.ts'
import { naming } from './read-values.ts'

/** Which caches a build reads or writes. */
export interface CachePlaces {
  /** The cache directory. */
  readonly local: boolean
  /** "registry/repository" or "oci:path", in the order given. */
  readonly remote: readonly string[]
}

export interface CacheTiers {
  readonly from: CachePlaces
  readonly to: CachePlaces
}

/**
 * What --cache-from and --cache-to say; without them, what the older flags mean: the directory, and the cache repository
 * unless --no-push-cache keeps it from being written.
 */
export function readCacheTiers(values: FlagValues, cacheRepo: string | undefined): CacheTiers {
  const repository = cacheRepo === undefined ? [] : [cacheRepo]
  const pushed = values.boolean('no-push-cache') ? [] : repository
  return {
    from: placesIn(values, 'cache-from') ?? { local: true, remote: repository },
    to: placesIn(values, 'cache-to') ?? { local: true, remote: pushed },
  }
}

function placesIn(values: FlagValues, flag: 'cache-from' | 'cache-to'): CachePlaces | undefined {
  const texts = values.list(flag)
  if (texts.length === 0) return undefined
  if (!values.boolean('cache')) throw wrongUsage(`--${flag} needs --cache`)
  const places = texts.map((text) => placeOf(flag, text))
  if (!places.includes('none')) return { local: true, remote: places.filter((place) => place !== 'local') }
  if (places.length > 1) throw wrongUsage(`--${flag}: "none" stands alone`)
  return { local: false, remote: [] }
}

function placeOf(flag: string, text: string): string {
  const place = text.includes('=') ? fromBuildKit(flag, text) : text
  if (place === 'local' || place === 'none') return place
  if (place === 'oci:') throw wrongUsage(`--${flag}: "oci:" names no directory`, 'Write it as oci:path.')
  if (!place.startsWith('oci:')) naming(`--${flag}`, () => parseRepository(place))
  return place
}

/** BuildKit's spelling: "type=registry,ref=…" or "type=local,src=…". */
function fromBuildKit(flag: string, text: string): string {
  const fields = new Map(text.split(',').map((part) => splitPair(part) ?? ([part, ''] as const)))
  const type = fields.get('type')
  fields.delete('type')
  const named = type === 'registry' ? 'ref' : flag === 'cache-from' ? 'src' : 'dest'
  const place = fields.get(named)
  fields.delete(named)
  // All layers are kept, whatever is asked for.
  if (fields.get('mode') === 'max') fields.delete('mode')
  const [other] = fields
  if (type !== 'registry' && type !== 'local') {
    throw wrongUsage(
      `--${flag}: type=${type ?? ''} is not supported`,
      'Use type=registry,ref=… or type=local,src|dest=….',
    )
  }
  if (place === undefined || place === '') throw wrongUsage(`--${flag}: ${text} lacks ${named}=`)
  if (other !== undefined) throw wrongUsage(`--${flag}: ${other.join('=')} is not supported`, 'Leave it out.')
  return type === 'registry' ? place : `oci:${place}`
}
