import type { HttpClient, HttpResponse } from './http-client.ts'
import { downloadRedirects } from './redirects.ts'

export interface FileRequest {
  readonly http: HttpClient
  readonly method?: 'GET' | 'HEAD'
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal | undefined
}

/**
 * Asks for a file as it is, following redirects as downloads do. A name and a password in the address become a header, and
 * go to no other host. Throws TransportError.
 */
export function requestFile(
  url: URL,
  { http, method = 'GET', headers = {}, signal }: FileRequest,
): Promise<HttpResponse> {
  const plain = new URL(url)
  plain.username = ''
  plain.password = ''
  plain.hash = ''
  return http.request({
    method,
    url: plain,
    headers: { accept: '*/*', 'accept-encoding': 'identity', ...headers, ...credentialsOf(url) },
    redirects: downloadRedirects,
    signal,
  })
}

/** A part of an address without its percent signs; as it is where they mean nothing. */
export function decodedPart(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function credentialsOf(url: URL): { readonly authorization?: string } {
  if (url.username === '' && url.password === '') return {}
  const pair = `${decodedPart(url.username)}:${decodedPart(url.password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}
