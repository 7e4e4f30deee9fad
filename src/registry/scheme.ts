import { discardBody, type HttpClient } from '../http/http-client.ts'
import { reachOf } from '../http/reach.ts'
import { TransportError } from '../http/transport-error.ts'
import { abortable } from './abortable.ts'

export type Scheme = 'https:' | 'http:'

/** Finds out, once for each host, whether it is spoken to by https or plain http. */
export interface SchemeFinder {
  schemeOf(host: string, o: { signal?: AbortSignal | undefined }): Promise<Scheme>
}

/**
 * Every host is https, except those that `plainHttp` lists (http, unless they only understand https) and the machine
 * itself (https, unless it only understands http). No credentials are sent to find out.
 */
export function createSchemeFinder(o: { http: HttpClient; plainHttp: (host: string) => boolean }): SchemeFinder {
  const found = new Map<string, Promise<Scheme>>()
  return {
    schemeOf(host, { signal }) {
      const order = schemesToTry(host, o.plainHttp)
      if (order.length === 1) return Promise.resolve('https:')
      const known = found.get(host)
      if (known !== undefined) return abortable(known, signal)
      const probing = probe(host, order, o.http)
      found.set(host, probing)
      probing.catch(() => found.delete(host))
      return abortable(probing, signal)
    },
  }
}

function schemesToTry(host: string, plainHttp: (host: string) => boolean): readonly Scheme[] {
  if (plainHttp(host)) return ['http:', 'https:']
  const hostname = URL.parse(`https://${host}/`)?.hostname ?? host
  return reachOf(hostname) === 'loopback' ? ['https:', 'http:'] : ['https:']
}

async function probe(host: string, order: readonly Scheme[], http: HttpClient): Promise<Scheme> {
  let failure: unknown
  for (const scheme of order) {
    try {
      const response = await http.request({ method: 'GET', url: new URL(`${scheme}//${host}/v2/`) })
      await discardBody(response)
      // 400 is how a TLS server answers a request in plain text.
      if (scheme === 'https:' || response.status !== 400) return scheme
    } catch (error) {
      if (error instanceof TransportError && error.isCertificate) return scheme
      failure = error
    }
  }
  throw failure
}
