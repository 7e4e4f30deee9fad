import { LRUCache } from 'lru-cache'
import type { HttpClient } from '../http/http-client.ts'
import type { Persistence } from '../http/persistent-request.ts'
import { type Challenge, preferredChallenge } from './challenge.ts'
import type { CredentialSource } from './credential.ts'
import type { Endpoint } from './endpoint.ts'
import type { Subject } from './registry-error.ts'
import { mergeScopes, type Scope } from './scope.ts'
import { basic, fetchToken } from './token.ts'

/** What a request is about to be allowed for. */
export interface Permission {
  readonly endpoint: Endpoint
  /** Where the request goes. */
  readonly url: URL
  readonly scopes: readonly Scope[]
  readonly subject: Subject
}

/** Knows each registry's way to log in, once it has asked for it, and keeps tokens until they expire. */
export interface Authorizer {
  /** The Authorization header to send at once; undefined while the registry has not asked for any. */
  before(permission: Permission, persistence: Persistence): Promise<string | undefined>
  /** The header to try after a 401; undefined when there is no login that would answer it. `refused` did not help. */
  afterRefusal(
    permission: Permission,
    o: { header: string | undefined; refused: string | undefined; persistence: Persistence },
  ): Promise<string | undefined>
}

export function createAuthorizer(o: { http: HttpClient; credentials: CredentialSource }): Authorizer {
  const challenges = new Map<string, Challenge>()
  const headers = new LRUCache<string, Promise<string | undefined>>({ max: 1000 })

  const answer = (
    challenge: Challenge,
    permission: Permission,
    persistence: Persistence,
  ): Promise<string | undefined> => {
    const key = keyOf(challenge, permission)
    const known = headers.get(key)
    if (known !== undefined) return known
    const keep = (lifetimeMs: number): void => {
      if (headers.peek(key) === made) headers.set(key, made, { ttl: lifetimeMs })
    }
    const made = headerFor(challenge, permission, { ...o, persistence: withoutSignal(persistence), keep })
    headers.set(key, made)
    made.catch(() => headers.delete(key))
    return made
  }

  return {
    async before(permission, persistence) {
      const challenge = challenges.get(permission.url.host)
      return challenge === undefined ? undefined : answer(challenge, permission, persistence)
    },
    async afterRefusal(permission, { header, refused, persistence }) {
      const challenge = preferredChallenge(header)
      if (challenge === undefined) return undefined
      challenges.set(permission.url.host, challenge)
      const key = keyOf(challenge, permission)
      // Another request may have renewed it meanwhile: only what was refused is thrown away.
      const current = headers.get(key)
      if (refused !== undefined && current !== undefined && (await current) === refused) headers.delete(key)
      return answer(challenge, permission, persistence)
    },
  }
}

// Other requests wait for the same token: the end of one must not take it from them.
function withoutSignal(persistence: Persistence): Persistence {
  return { ...persistence, signal: undefined }
}

const basicLifetimeMs = 300_000

async function headerFor(
  challenge: Challenge,
  permission: Permission,
  o: { http: HttpClient; credentials: CredentialSource; persistence: Persistence; keep: (lifetimeMs: number) => void },
): Promise<string | undefined> {
  const { endpoint } = permission
  const credential = await o.credentials.find(endpoint.registry, endpoint.repository)
  if (credential !== undefined && 'registryToken' in credential) return `Bearer ${credential.registryToken}`
  if (challenge.scheme === 'basic') {
    o.keep(basicLifetimeMs)
    return credential !== undefined && 'password' in credential ? basic(credential) : undefined
  }
  const { realm = '', service } = challenge.parameters
  const scopes = wantedScopes(challenge, permission)
  const request = { challenger: permission.url, realm, service, scopes, credential, subject: permission.subject }
  const token = await fetchToken(request, o)
  o.keep(token.lifetimeMs)
  return `Bearer ${token.text}`
}

function keyOf(challenge: Challenge, permission: Permission): string {
  const { endpoint, url } = permission
  if (challenge.scheme === 'basic') return JSON.stringify(['basic', url.origin, endpoint.repository])
  const { realm, service } = challenge.parameters
  return JSON.stringify(['bearer', url.origin, realm, service, wantedScopes(challenge, permission)])
}

// A challenge remembered from another repository must not widen this request.
function wantedScopes(challenge: Challenge, permission: Permission): readonly Scope[] {
  const asked = (challenge.parameters.scope ?? '').split(' ').filter((scope) => {
    return !scope.startsWith('repository:') || scope.startsWith(`repository:${permission.endpoint.repository}:`)
  })
  return mergeScopes([...permission.scopes, ...asked])
}
