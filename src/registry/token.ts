import { HearthError } from '../errors.ts'
import { discardBody, type HttpClient, type HttpRequest, type HttpResponse } from '../http/http-client.ts'
import { type Persistence, requestPersistently } from '../http/persistent-request.ts'
import { refusalToFollow } from '../http/reach.ts'
import { asRecord, parseJson } from '../oci/descriptor.ts'
import { collect } from '../stream/bytes.ts'
import type { Credential } from './credential.ts'
import { registryError, type Subject, unreachable } from './registry-error.ts'
import type { Scope } from './scope.ts'

export interface TokenRequest {
  /** The address that sent the challenge. */
  readonly challenger: URL
  readonly realm: string
  readonly service: string | undefined
  readonly scopes: readonly Scope[]
  readonly credential: Exclude<Credential, { registryToken: string }> | undefined
  readonly subject: Subject
}

export interface Token {
  readonly text: string
  /** Milliseconds it may be used for. */
  readonly lifetimeMs: number
}

const tokenBodyLimit = 64 << 10

/** Gets a bearer token from the server that a registry's challenge names. */
export async function fetchToken(
  request: TokenRequest,
  o: { http: HttpClient; persistence: Persistence },
): Promise<Token> {
  const { subject } = request
  const realm = checkedRealm(request)
  const message = tokenMessage(request, realm)
  const signal = o.persistence.signal
  let response: HttpResponse
  try {
    response = await requestPersistently(() => o.http.request({ ...message, signal }), o.persistence)
  } catch (error) {
    throw unreachable(error, { ...subject, host: realm.host })
  }
  // 400 is how some token servers answer a wrong password.
  const meaning = response.status === 400 ? 401 : response.status
  if (response.status !== 200) throw await registryError(response, { ...subject, host: realm.host }, meaning)
  return readToken(response, realm.host)
}

function checkedRealm(request: TokenRequest): URL {
  const realm = URL.parse(request.realm)
  const why =
    realm === null
      ? 'its token server has no valid address'
      : refusalToFollow(request.challenger, realm, { allowPrivate: false })
  if (realm !== null && why === undefined) return realm
  throw new HearthError({
    code: 'registry-auth',
    message: `${request.subject.host} names a token server that is not to be trusted`,
    why,
    fix: 'Nothing was sent there. Ask who runs the registry.',
  })
}

// A password goes along with GET; an identity token needs the OAuth2 form.
function tokenMessage(request: TokenRequest, realm: URL): HttpRequest {
  const { service, scopes, credential } = request
  if (credential !== undefined && 'identityToken' in credential) {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: 'hearth',
      refresh_token: credential.identityToken,
    })
    if (service !== undefined) form.set('service', service)
    if (scopes.length > 0) form.set('scope', scopes.join(' '))
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return { method: 'POST', url: realm, headers, body: Buffer.from(form.toString()) }
  }
  const url = new URL(realm)
  if (service !== undefined) url.searchParams.set('service', service)
  for (const scope of scopes) url.searchParams.append('scope', scope)
  return { method: 'GET', url, headers: credential === undefined ? {} : { authorization: basic(credential) } }
}

async function readToken(response: HttpResponse, host: string): Promise<Token> {
  try {
    const answer = asRecord(parseJson(await collect(response.body, tokenBodyLimit), 'token'), 'token')
    const text = answer.token ?? answer.access_token
    if (typeof text !== 'string' || !/^[\x21-\x7e]+$/.test(text)) throw new Error('it has no token')
    const seconds = typeof answer.expires_in === 'number' && answer.expires_in > 0 ? answer.expires_in : 60
    return { text, lifetimeMs: Math.min(seconds, 86_400) * 900 }
  } catch (cause) {
    await discardBody(response)
    throw new HearthError({ code: 'registry-auth', message: `The token server ${host} gave no usable token`, cause })
  }
}

/** The value of an Authorization header. */
export function basic(credential: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${credential.username}:${credential.password}`).toString('base64')}`
}
