import { resolve } from 'node:path'
import { HearthError } from '../errors.ts'
import { isGit, parseGitAddress } from '../git/address.ts'
import { isDigest } from '../oci/digest.ts'
import { type LayoutReference, parseReference } from '../oci/reference.ts'
import { contextName, isReservedName, type NamedContext, type NamedContexts } from '../plan/named-contexts.ts'
import type { FlagValues } from './flags/flag-values.ts'
import { splitPair } from './flags/pairs.ts'
import { wrongUsage } from './flags/usage.ts'
import { naming } from './read-values.ts'

const flag = '--build-context'

/** The values of --build-context, name=place; a later one wins over an earlier one of the same name. */
export function readBuildContexts(values: FlagValues, cwd: string): NamedContexts {
  const pairs = values.list('build-context').map((text): [string, NamedContext] => {
    const [name, place] = splitPair(text) ?? ['', '']
    if (name === '' || place === '') {
      throw wrongUsage(`${flag} must be of the form name=place, got ${JSON.stringify(text)}`)
    }
    if (isReservedName(name)) throw wrongUsage(`${flag}: "${name}" cannot be given another meaning`)
    const known = naming(flag, () => contextName(name))
    return [known, contextAt(place, { name, cwd })]
  })
  return new Map(pairs)
}

interface Surroundings {
  /** As given. */
  readonly name: string
  readonly cwd: string
}

function contextAt(place: string, around: Surroundings): NamedContext {
  if (/^github\.com\//i.test(place))
    return contextAt(`https://${place.replace(/(?:\.git)?(?=[?#]|$)/, '.git')}`, around)
  if (isGit(place)) {
    naming(`${flag} ${around.name}`, () => parseGitAddress(place))
    return { kind: 'files', name: around.name, place }
  }
  const [, scheme, rest = ''] = /^([a-z][a-z0-9+.-]*):\/\/(.*)$/is.exec(place) ?? []
  switch (scheme?.toLowerCase()) {
    case undefined:
      return { kind: 'files', name: around.name, place: resolve(around.cwd, place) }
    case 'dir':
      return { kind: 'files', name: around.name, place: resolve(around.cwd, rest) }
    case 'http':
    case 'https':
      return { kind: 'files', name: around.name, place }
    case 'docker-image':
      if (rest === 'scratch') return { kind: 'scratch' }
      return { kind: 'image', reference: naming(`${flag} ${around.name}`, () => parseReference(rest)) }
    case 'oci-layout':
      return { kind: 'image', reference: layoutReference(rest, around) }
    default:
      throw unsupported(place, around)
  }
}

/** "path[:tag][@digest]"; the path holds no colon. */
function layoutReference(text: string, { name, cwd }: Surroundings): LayoutReference {
  const [, path = '', tag, digest] = /^([^:]*?)(?::([^@]*))?(?:@(.*))?$/s.exec(text) ?? []
  const isRead = path !== '' && tag !== '' && (digest === undefined || isDigest(digest))
  if (isRead) return { layout: resolve(cwd, path), tag, digest: digest as LayoutReference['digest'] }
  throw wrongUsage(
    `${flag} ${name}: "oci-layout://${text}" does not name an image of an OCI layout`,
    'Write it as oci-layout://path[:tag][@digest].',
  )
}

function unsupported(place: string, { name }: Surroundings): HearthError {
  return new HearthError({
    code: 'context-unsupported',
    message: `${flag} ${name}: ${place} is no place that files or images are taken from`,
    fix: 'Give a directory, docker-image://reference, oci-layout://path[:tag][@digest], or the address of a git repository or, with https, of a tar archive.',
  })
}
