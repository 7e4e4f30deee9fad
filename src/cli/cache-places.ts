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

/** Where layers are looked for and kept. */
export interface CachePlaces {
  /** What may be done with the cache directory. */
  readonly local: Pick<RemotePlace, 'read' | 'write'>
  /** In the order in which they are asked. */
  readonly remotes: readonly RemotePlace[]
}

export interface CachePlacesInput {
  /** The value of --cache-repo. */
  readonly cacheRepo: string | undefined
  /** The first destination, when something is pushed. */
  readonly pushedTo: string | undefined
}

type Direction = 'cache-from' | 'cache-to'

/**
 * The places that the cache flags name: --cache-repo, or what stands for it, then those of --cache-from and --cache-to. A
 * repository is inferred only for a direction whose flag is not given.
 */
export function readCachePlaces(values: FlagValues, { cacheRepo, pushedTo }: CachePlacesInput): CachePlaces {
  const [from, to] = [readPlaces(values, 'cache-from'), readPlaces(values, 'cache-to')]
  const pushes = !values.boolean('no-push-cache')
  if (!pushes && to !== undefined) {
    throw wrongUsage('--cache-to and --no-push-cache contradict each other', 'Leave one of them out.')
  }
  const inferred = pushedTo === undefined ? [] : [`${repositoryName(parseReference(pushedTo))}/cache`]
  const usual = (given: readonly string[] | undefined): readonly string[] => {
    if (cacheRepo !== undefined) return [normal(cacheRepo)]
    return given === undefined ? inferred : []
  }
  const read = new Set(from === 'none' ? [] : [...usual(from), ...(from ?? [])])
  const written = new Set(to === 'none' || !pushes ? [] : [...usual(to), ...(to ?? [])])
  const remotes = [...new Set([...read, ...written])].map((name) => {
    return { name, read: read.has(name), write: written.has(name) }
  })
  return { local: { read: from !== 'none', write: to !== 'none' }, remotes }
}

/** What a flag names besides the cache directory; "none" is not even that. Undefined when it is not given. */
function readPlaces(values: FlagValues, flag: Direction): 'none' | readonly string[] | undefined {
  const texts = values.list(flag)
  if (texts.length === 0) return undefined
  if (!values.boolean('cache')) throw wrongUsage(`--${flag} has no effect without --cache`, 'Add --cache.')
  if (!texts.includes('none')) return texts.filter((text) => text !== 'local').map((text) => readPlace(text, flag))
  if (texts.length > 1) throw wrongUsage(`--${flag}: "none" stands alone`, 'Leave out the others, or it.')
  return 'none'
}

function readPlace(text: string, flag: Direction): string {
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

const spelling =
  'Write registry/repository, oci:path, local, none, type=registry,ref=registry/repository or type=local,'

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
  // All layers are kept, whatever is asked for.
  if (attributes.get('mode') === 'max') attributes.delete('mode')
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
