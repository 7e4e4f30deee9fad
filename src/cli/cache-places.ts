import { parseReference, parseRepository, repositoryName } from '../oci/reference.ts'
import type { FlagValues } from './flags/flag-values.ts'
import { wrongUsage } from './flags/usage.ts'
import { naming } from './read-values.ts'

/** A place outside the cache directory that keeps layers. */
export interface RemotePlace {
  /** "registry/repository" or "oci:path". */
  readonly name: string
  readonly read: boolean
  readonly write: boolean
}

export interface CachePlacesInput {
  /** The value of --cache-repo. */
  readonly cacheRepo: string | undefined
  /** The first destination, when something is pushed. */
  readonly pushedTo: string | undefined
}

type Direction = 'cache-from' | 'cache-to'

/**
 * The remote places that the cache flags name, in the order in which they are asked: --cache-repo, or what stands for
 * it, then those of --cache-from and --cache-to. A repository is inferred only for a direction whose flag is not given.
 */
export function readCachePlaces(values: FlagValues, input: CachePlacesInput): readonly RemotePlace[] {
  const [from, to] = [readPlaces(values, 'cache-from'), readPlaces(values, 'cache-to')]
  const isOn = values.boolean('cache')
  const push = !values.boolean('no-push-cache')
  if (!push && to.length > 0) {
    throw wrongUsage('--cache-to and --no-push-cache contradict each other', 'Leave one of them out.')
  }
  if (!isOn) {
    const given = (['cache-from', 'cache-to'] as const).find((flag) => values.isGiven(flag))
    if (given !== undefined) throw wrongUsage(`--${given} has no effect without --cache`, 'Add --cache.')
    return []
  }
  const { cacheRepo, pushedTo } = input
  const inferred = pushedTo === undefined ? [] : [`${repositoryName(parseReference(pushedTo))}/cache`]
  const usual = (flag: Direction): readonly string[] => {
    if (cacheRepo !== undefined) return [normal(cacheRepo)]
    return values.isGiven(flag) ? [] : inferred
  }
  const read = new Set([...usual('cache-from'), ...from])
  const written = new Set([...(push ? usual('cache-to') : []), ...to])
  return [...new Set([...read, ...written])].map((name) => {
    return { name, read: read.has(name), write: written.has(name) }
  })
}

/** The remote ones of a flag. "local" stands for the cache directory, which every build uses. */
function readPlaces(values: FlagValues, flag: Direction): readonly string[] {
  return values
    .list(flag)
    .map((text) => readPlace(text, flag))
    .filter((name) => name !== 'local')
}

function readPlace(text: string, flag: Direction): string {
  if (text === 'local') return text
  if (text.includes('=')) return readAttributes(text, flag)
  return checked(text, flag)
}

/** One name for each place, so that one that is named twice is asked once. */
function checked(place: string, flag: Direction): string {
  if (place === 'oci:') throw wrongUsage(`--${flag}: "oci:" names no directory`, 'Write it as oci:path.')
  if (!place.startsWith('oci:')) naming(`--${flag}`, () => parseRepository(place))
  return normal(place)
}

function normal(place: string): string {
  return place.startsWith('oci:') ? place : repositoryName(parseRepository(place))
}

const spelling = 'Write registry/repository, oci:path, local, type=registry,ref=registry/repository or type=local,'

/** BuildKit's way of writing it. Its local cache is a directory that other tools can read, which here is oci:path. */
function readAttributes(text: string, flag: Direction): string {
  const attributes = new Map(text.split(',').map((part) => attribute(part, { text, flag })))
  const type = attributes.get('type')
  const end = flag === 'cache-from' ? 'src' : 'dest'
  const wanted = new Map([
    ['registry', 'ref'],
    ['local', end],
  ]).get(type ?? '')
  if (wanted === undefined) throw unknownType(type, flag)
  for (const name of attributes.keys()) {
    if (name !== 'type' && name !== wanted) throw unknownAttribute(name, { flag, type: type ?? '', wanted })
  }
  const value = attributes.get(wanted) ?? ''
  if (value === '') throw wrongUsage(`--${flag}: type=${type} needs ${wanted}=`, `${spelling}${end}=path.`)
  return checked(type === 'local' ? `oci:${value}` : value, flag)
}

function attribute(part: string, { text, flag }: { text: string; flag: Direction }): readonly [string, string] {
  const at = part.indexOf('=')
  if (at > 0) return [part.slice(0, at).trim().toLowerCase(), part.slice(at + 1)]
  throw wrongUsage(`--${flag}: ${JSON.stringify(part)} in ${JSON.stringify(text)} is not name=value`)
}

function unknownType(type: string | undefined, flag: Direction): Error {
  const end = flag === 'cache-from' ? 'src' : 'dest'
  if (type === undefined) return wrongUsage(`--${flag}: there is no type=`, `${spelling}${end}=path.`)
  const instead =
    type === 'inline'
      ? 'Layers are kept in a repository of their own: use type=registry,ref=registry/repository.'
      : `Use type=registry,ref=registry/repository, or type=local,${end}=path and let the CI system keep the path.`
  return wrongUsage(`--${flag}: type=${type} is not supported`, instead)
}

function unknownAttribute(name: string, at: { flag: Direction; type: string; wanted: string }): Error {
  const why =
    name === 'mode'
      ? 'Leave it out: layers of all stages are kept, as with mode=max.'
      : `Leave it out: type=${at.type} takes ${at.wanted}= and nothing else.`
  return wrongUsage(`--${at.flag}: ${name}= is not supported`, why)
}
