import { discardBody, type HttpClient, type HttpRequest, type HttpResponse } from '../http/http-client.ts'
import { type Persistence, requestPersistently } from '../http/persistent-request.ts'
import { isSameOrigin } from '../http/reach.ts'
import { downloadRedirects } from '../http/redirects.ts'
import { type BackOff, isTransientError, pauseMs } from '../http/retry.ts'
import type { Log } from '../log.ts'
import { abortable } from './abortable.ts'
import type { Authorizer } from './authorizer.ts'
import type { Endpoint } from './endpoint.ts'
import { type Subject, unreachable } from './registry-error.ts'
import type { SchemeFinder } from './scheme.ts'
import type { Scope } from './scope.ts'

export interface RegistryRequest {
  readonly endpoint: Endpoint
  readonly method: HttpRequest['method']
  /** Below /v2/<repository>/: "manifests/latest"; or the absolute address that the registry gave for the next step. */
  readonly target: string | URL
  readonly scopes: readonly Scope[]
  readonly subject: Subject
  readonly headers?: Readonly<Record<string, string>>
  /** Opened anew for every try. */
  readonly body?: () => AsyncIterable<Uint8Array> | Uint8Array
  readonly contentLength?: number
  /** Tries after the first; 0 where the caller must start further back. */
  readonly retries: number
  readonly signal?: AbortSignal | undefined
}

/** Sends requests to registries: right scheme, logged in, repeated after a passing trouble. */
export interface RegistrySession {
  /** Whatever the registry answered; throws HearthError "registry-unreachable" when it does not answer at all. */
  send(request: RegistryRequest): Promise<HttpResponse>
}

export interface SessionOptions {
  readonly http: HttpClient
  readonly schemes: SchemeFinder
  readonly authorizer: Authorizer
  readonly backOff: BackOff
  readonly log: Log
}

export function createRegistrySession(o: SessionOptions): RegistrySession {
  return {
    async send(request) {
      const persistence = persistenceOf(request, o)
      try {
        const url = await addressOf(request, o, persistence)
        return await authorized({ ...request, target: url }, o, persistence)
      } catch (error) {
        throw unreachable(error, request.subject)
      }
    },
  }
}

async function addressOf(request: RegistryRequest, o: SessionOptions, persistence: Persistence): Promise<URL> {
  const { endpoint, target, signal } = request
  if (target instanceof URL) return target
  for (let failures = 1; ; failures++) {
    try {
      const scheme = await o.schemes.schemeOf(endpoint.host, { signal })
      return new URL(`${scheme}//${endpoint.host}/v2/${endpoint.repository}/${target}`)
    } catch (error) {
      if (failures > persistence.retries || !isTransientError(error)) throw error
      const wait = pauseMs({ ...persistence, failures, nowMs: Date.now(), random: Math.random() })
      await abortable(new Promise((resolve) => setTimeout(resolve, wait)), signal)
    }
  }
}

async function authorized(
  request: RegistryRequest & { readonly target: URL },
  o: SessionOptions,
  persistence: Persistence,
): Promise<HttpResponse> {
  const { endpoint, target: url, scopes, subject } = request
  const permission = { endpoint, url, scopes, subject }
  const send = (authorization: string | undefined) => {
    return requestPersistently(() => o.http.request(message(request, authorization)), persistence)
  }
  // Only the registry itself sees a login, never a storage host it sends us to.
  if (!isSameOrigin(url, new URL(`${url.protocol}//${endpoint.host}`))) return send(undefined)
  const first = await o.authorizer.before(permission, persistence)
  const response = await send(first)
  if (response.status !== 401 || !isSameOrigin(response.url, url)) return response
  const header = response.headers['www-authenticate']
  const second = await o.authorizer.afterRefusal(permission, { header, refused: first, persistence })
  if (second === undefined || second === first) return response
  await discardBody(response)
  return send(second)
}

function message(request: RegistryRequest & { readonly target: URL }, authorization: string | undefined): HttpRequest {
  const { method, target, headers, body, contentLength, signal } = request
  return {
    method,
    url: target,
    headers: { 'accept-encoding': 'identity', ...headers, ...(authorization === undefined ? {} : { authorization }) },
    redirects: downloadRedirects,
    signal,
    ...(body === undefined ? {} : { body: body() }),
    ...(contentLength === undefined ? {} : { contentLength }),
  }
}

function persistenceOf(request: RegistryRequest, o: SessionOptions): Persistence {
  const { retries, signal, subject } = request
  const onRetry = (trouble: string, waitMs: number): void => {
    o.log.debug(`${subject.host}: ${trouble}; trying again in ${(waitMs / 1000).toFixed(1)} s`)
  }
  return { retries, backOff: o.backOff, onRetry, signal }
}
