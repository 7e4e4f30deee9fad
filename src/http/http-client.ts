import { Readable } from 'node:stream'
import { Dispatchers, defaultTimeouts, type Timeouts, type TlsRules } from './dispatchers.ts'
import type { ProxySettings } from './proxy.ts'
import { nextHop, type RedirectPolicy } from './redirects.ts'
import { responseBody, slowestTransfer } from './response-body.ts'
import { TransportError, transportError } from './transport-error.ts'

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: URL
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: AsyncIterable<Uint8Array> | Uint8Array
  /** Bytes of a streamed body; without it the body is sent in chunks. */
  readonly contentLength?: number
  readonly signal?: AbortSignal | undefined
  /** Without a policy no redirect is followed: the caller sees the 3xx. */
  readonly redirects?: RedirectPolicy
}

export interface HttpResponse {
  readonly status: number
  /** Lower-case names; repeated headers are joined by ", ". */
  readonly headers: Readonly<Record<string, string>>
  /** Not decoded. Read it, or give it to `discardBody`: until then the connection is taken. */
  readonly body: AsyncIterable<Uint8Array>
  /** After redirects. */
  readonly url: URL
}

export interface HttpClient extends AsyncDisposable {
  /** Resolves when the headers of the answer are there, whatever its status; throws TransportError. */
  request(request: HttpRequest): Promise<HttpResponse>
}

export interface HttpClientOptions {
  /** The rules for "host" or "host:port". */
  readonly tls: (host: string) => TlsRules
  readonly proxy?: ProxySettings
  readonly userAgent: string
  readonly timeouts?: Partial<Timeouts>
}

/** Makes a client with its own connections. The network library is loaded with the first request. */
export function createHttpClient(options: HttpClientOptions): HttpClient {
  const timeouts = { ...defaultTimeouts, ...options.timeouts }
  let opened: Promise<Dispatchers> | undefined
  const open = async (): Promise<Dispatchers> => {
    return new Dispatchers(await import('undici'), { tls: options.tls, proxy: options.proxy, timeouts })
  }
  const request = async (request: HttpRequest): Promise<HttpResponse> => {
    opened ??= open()
    const dispatchers = await opened
    return followRedirects({ ...request, headers: { 'user-agent': options.userAgent, ...request.headers } }, (hop) => {
      return exchange(hop, { dispatchers, timeouts })
    })
  }
  const close = async (): Promise<void> => {
    if (opened !== undefined) await (await opened).destroy()
  }
  return { request, [Symbol.asyncDispose]: close }
}

/** Reads the little that may be left of an answer and lets the connection go. Never fails. */
export async function discardBody(response: Pick<HttpResponse, 'body'>): Promise<void> {
  let size = 0
  try {
    for await (const chunk of response.body) {
      size += chunk.byteLength
      if (size > 64 << 10) return
    }
  } catch {
    // The answer is not wanted, so neither is the news that it broke off.
  }
}

async function followRedirects(
  first: HttpRequest,
  send: (request: HttpRequest) => Promise<HttpResponse>,
): Promise<HttpResponse> {
  let request = first
  for (let hops = 0; ; hops++) {
    const response = await send(request)
    if (request.redirects === undefined) return response
    const { method, url, headers = {} } = request
    const location = response.headers.location
    const next = nextHop(request.redirects, { method, url, status: response.status, location, headers, hops })
    if (next.kind === 'arrived') return response
    await discardBody(response)
    if (next.kind === 'refuse') {
      throw new TransportError({ host: url.host, code: 'REDIRECT', reason: next.why, transient: false })
    }
    request = { ...request, url: next.url, headers: next.headers }
  }
}

async function exchange(
  request: HttpRequest,
  o: { dispatchers: Dispatchers; timeouts: Timeouts },
): Promise<HttpResponse> {
  const { url, signal, method } = request
  const upload = watchedBody(request.body)
  const length = request.contentLength === undefined ? {} : { 'content-length': String(request.contentLength) }
  try {
    const response = await o.dispatchers.for(url).request({
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { ...request.headers, ...length },
      headersTimeout: request.body === undefined ? o.timeouts.idle : o.timeouts.afterUpload,
      bodyTimeout: o.timeouts.idle,
      ...(upload.body === undefined ? {} : { body: upload.body }),
      ...(signal === undefined ? {} : { signal }),
    })
    const body = responseBody(response.body, { host: url.host, slowest: slowestTransfer, signal })
    return { status: response.statusCode, headers: plainHeaders(response.headers), body, url }
  } catch (error) {
    signal?.throwIfAborted()
    if (upload.trouble() !== undefined) throw upload.trouble()
    throw transportError(url.host, error)
  }
}

/** Remembers what the source of a body threw, which must not pass for a failure of the network. */
function watchedBody(source: HttpRequest['body']): {
  readonly body: Readable | Uint8Array | undefined
  readonly trouble: () => unknown
} {
  if (source === undefined || source instanceof Uint8Array) return { body: source, trouble: () => undefined }
  let trouble: unknown
  async function* watched(bytes: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
    try {
      yield* bytes
    } catch (error) {
      trouble = error
      throw error
    }
  }
  return { body: Readable.from(watched(source), { objectMode: false }), trouble: () => trouble }
}

function plainHeaders(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Readonly<Record<string, string>> {
  const out: [string, string][] = []
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) out.push([name, Array.isArray(value) ? value.join(', ') : value])
  }
  return Object.fromEntries(out)
}
