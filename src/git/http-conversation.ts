import { discardBody, type HttpClient, type HttpResponse } from '../http/http-client.ts'
import { requestPersistently } from '../http/persistent-request.ts'
import { isSameOrigin } from '../http/reach.ts'
import { downloadRedirects } from '../http/redirects.ts'
import { defaultBackOff } from '../http/retry.ts'
import { TransportError } from '../http/transport-error.ts'
import { type GitAddress, shownAddress } from './address.ts'
import { readAdvertisement } from './advertisement.ts'
import { ByteReader } from './byte-reader.ts'
import { gitFailure, ProtocolError } from './failure.ts'
import { readPacket } from './packet-lines.ts'
import type { GitConversation, NameAndPassword } from './transport.ts'

export interface HttpConversationOptions {
  readonly http: HttpClient
  readonly login: NameAndPassword | undefined
  readonly signal?: AbortSignal | undefined
}

/** Begins a conversation over http or https. Credentials go to the address's own host only, wherever it leads. */
export async function httpConversation(
  address: GitAddress,
  options: HttpConversationOptions,
): Promise<GitConversation> {
  const talk = new HttpTalk(address, options)
  const first = await talk.send({ method: 'GET', url: talk.list, accept: 'advertisement' })
  const reader = new ByteReader(first.body)
  try {
    // A first list names the service.
    await readPacket(reader)
    await readPacket(reader)
    const advertised = await readAdvertisement(reader)
    const url = new URL(first.url.href.replace(/\/info\/refs(\?.*)?$/, '/git-upload-pack'))
    return {
      advertised,
      ask: async (body) => (await talk.send({ method: 'POST', url, accept: 'result', body })).body,
      async [Symbol.asyncDispose]() {},
    }
  } finally {
    await reader.close()
  }
}

interface Message {
  readonly method: 'GET' | 'POST'
  readonly url: URL
  readonly accept: 'advertisement' | 'result'
  readonly body?: Buffer
}

class HttpTalk {
  readonly list: URL
  readonly #address: GitAddress
  readonly #options: HttpConversationOptions

  constructor(address: GitAddress, options: HttpConversationOptions) {
    this.#address = address
    this.#options = options
    this.list = new URL(`${shownAddress(address).replace(/\/$/, '')}/info/refs?service=git-upload-pack`)
  }

  async send(message: Message): Promise<HttpResponse> {
    const response = await this.#request(message)
    if (response.status === 200 && isOf(response, message.accept)) return response
    await discardBody(response)
    throw this.#refused(response)
  }

  async #request({ method, url, accept, body }: Message): Promise<HttpResponse> {
    const { http, login, signal } = this.#options
    const isOwn = isSameOrigin(url, this.list)
    const headers = {
      accept: `application/x-git-upload-pack-${accept}`,
      ...(body === undefined ? {} : { 'content-type': 'application/x-git-upload-pack-request' }),
      ...(login === undefined || !isOwn ? {} : { authorization: basic(login) }),
    }
    const send = (): Promise<HttpResponse> =>
      http.request({
        method,
        url,
        headers,
        signal,
        ...(body === undefined ? { redirects: downloadRedirects } : { body }),
      })
    try {
      return await requestPersistently(send, { retries: 2, backOff: defaultBackOff, onRetry: () => {}, signal })
    } catch (error) {
      throw error instanceof TransportError ? gitFailure(this.#address, { why: error.message, cause: error }) : error
    }
  }

  #refused({ status, url }: HttpResponse): Error {
    const { login } = this.#options
    if (status === 200) throw new ProtocolError(`${url.host} does not speak git's protocol at this address`)
    if (status !== 401 && status !== 403) {
      return gitFailure(this.#address, { why: `the answer of ${url.host} is ${status}` })
    }
    const isOwn = isSameOrigin(url, this.list)
    const why = isOwn && login !== undefined ? 'the credentials are refused' : 'it wants credentials'
    return gitFailure(this.#address, {
      why: `the answer of ${url.host} is ${status}: ${why}`,
      fix: 'Give GIT_TOKEN, or GIT_USERNAME and GIT_PASSWORD, for contexts, and the secret GIT_AUTH_TOKEN for ADD.',
    })
  }
}

function isOf({ headers }: HttpResponse, kind: Message['accept']): boolean {
  return headers['content-type']?.startsWith(`application/x-git-upload-pack-${kind}`) === true
}

function basic({ username, password }: NameAndPassword): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}
