import { HearthError } from '../errors.ts'
import { dockerHub } from '../oci/reference.ts'
import type { Credential } from './credential.ts'

/** The logins of one Docker config.json. */
export interface DockerConfig {
  readonly logins: readonly Login[]
  /** Registry → name of the credential helper that serves it alone. */
  readonly helpers: ReadonlyMap<string, string>
  /** The helper for every other registry. */
  readonly store: string | undefined
}

export interface Login {
  readonly registry: string
  /** "" for the whole registry, else the start of a repository's name. */
  readonly namespace: string
  /** Undefined for the empty entry that Docker leaves when the login is in a helper. */
  readonly credential: Credential | undefined
}

/** Reads the text of a config.json; `path` is for messages. Every entry is checked, also those nobody asked for. */
export function parseDockerConfig(text: string, path: string): DockerConfig {
  const root = objectAt(parseText(text, path), { path, key: 'the whole file' })
  const logins = Object.entries(objectAt(root.auths ?? {}, { path, key: 'auths' })).map(([key, value]) => {
    const place = { path, key: `auths["${key}"]` }
    return { ...parseKey(key), credential: credentialOf(objectAt(value ?? {}, place), place) }
  })
  const helpers = new Map<string, string>()
  for (const [key, name] of Object.entries(objectAt(root.credHelpers ?? {}, { path, key: 'credHelpers' }))) {
    helpers.set(parseKey(key).registry, helperName(name, { path, key: `credHelpers["${key}"]` }))
  }
  const { credsStore } = root
  const store =
    credsStore === undefined || credsStore === '' ? undefined : helperName(credsStore, { path, key: 'credsStore' })
  return { logins, helpers, store }
}

/** The entry whose namespace is the longest that holds the repository; the first one where several are equal. */
export function bestLogin(logins: readonly Login[], registry: string, repository: string): Login | undefined {
  const fitting = logins.filter((login) => {
    return (
      login.registry === registry && `${repository}/`.startsWith(login.namespace === '' ? '' : `${login.namespace}/`)
    )
  })
  return fitting.reduce<Login | undefined>((best, login) => {
    return best === undefined || login.namespace.length > best.namespace.length ? login : best
  }, undefined)
}

interface Place {
  readonly path: string
  readonly key: string
}

/** Parses "https://index.docker.io/v1/", "registry.example:5000", "quay.io/team/app", with or without scheme and slash. */
export function parseKey(key: string): { readonly registry: string; readonly namespace: string } {
  const [host = '', ...path] = key
    .trim()
    .replace(/^https?:\/\//i, '')
    .split('/')
    .filter((part) => part !== '')
  const named = host.toLowerCase()
  const registry = ['docker.io', dockerHub, 'registry-1.docker.io'].includes(named) ? dockerHub : named
  const namespace = path.length === 1 && /^v[12]$/.test(path[0] ?? '') ? '' : path.join('/')
  return { registry, namespace }
}

function credentialOf(entry: Readonly<Record<string, unknown>>, place: Place): Credential | undefined {
  const identityToken = textAt(entry, 'identitytoken', place)
  const registryToken = textAt(entry, 'registrytoken', place)
  const auth = textAt(entry, 'auth', place)
  const username = textAt(entry, 'username', place)
  const password = textAt(entry, 'password', place)
  if (identityToken !== '') return { identityToken }
  if (registryToken !== '') return { registryToken }
  if (auth !== '') return decodeAuth(auth, place)
  if (username === '' && password === '') return undefined
  if (username === '') throw malformed(place, 'it has a password but no username')
  return { username, password }
}

function decodeAuth(auth: string, place: Place): Credential {
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(auth)) {
    throw malformed(place, 'its "auth" is not base64')
  }
  const text = Buffer.from(auth, 'base64').toString('utf8')
  const colon = text.indexOf(':')
  if (colon < 0) throw malformed(place, 'its "auth" does not hold username:password')
  const [username, password] = [text.slice(0, colon), text.slice(colon + 1).replaceAll('\0', '')]
  return username === '<token>' ? { identityToken: password } : { username, password }
}

function helperName(value: unknown, place: Place): string {
  if (typeof value === 'string' && /^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value)) return value
  throw malformed(place, 'it does not name a credential helper')
}

function textAt(entry: Readonly<Record<string, unknown>>, name: string, place: Place): string {
  const value = entry[name] ?? ''
  if (typeof value !== 'string') throw malformed(place, `its "${name}" is not a text`)
  return value
}

function objectAt(value: unknown, place: Place): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw malformed(place, 'it is not a JSON object')
}

function parseText(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // The parser's message quotes the file, and with it perhaps a password.
    throw malformed({ path, key: 'the whole file' }, 'it is not valid JSON')
  }
}

function malformed(place: Place, why: string): HearthError {
  return new HearthError({
    code: 'credentials-invalid',
    message: `The registry logins in ${place.path} cannot be used`,
    where: place.key,
    why,
    fix: 'Correct the file, or make it anew with "docker login", "podman login --authfile" or "skopeo login --authfile".',
  })
}
