import type { HttpClient, HttpResponse } from './http-client.ts'
import { downloadRedirects } from './redirects.ts'

export interface GetFileOptions {
  readonly http: HttpClient
  readonly signal?: AbortSignal
}

/**
 * Asks for a file on the web, with the user and password of its address, following redirects. Resolves whatever the
 * status of the answer; throws TransportError.
 */
export function getFile(url: URL, { http, signal }: GetFileOptions): Promise<HttpResponse> {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  plain.hash = ''
  return http.request({
    method: 'GET',
    url: plain,
    headers: { accept: '*/*', 'accept-encoding': 'identity', ...credentialsOf(url) },
    redirects: downloadRedirects,
    signal,
  })
}

function credentialsOf(url: URL): { readonly authorization?: string } {
  if (url.username === '' && url.password === '') return {}
  const pair = `${decodedPart(url.username)}:${decodedPart(url.password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

/** A part of an address without its percent signs; as it is where they make no sense. */
export function decodedPart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}
