import { getCACertificates } from 'node:tls'
import type { Dispatcher } from 'undici'
import { type ProxySettings, proxyFor } from './proxy.ts'

type Undici = typeof import('undici')

/** How the certificate of one host is judged. */
export interface TlsRules {
  readonly rejectUnauthorized: boolean
  /** PEM texts of further authorities, beside the system's. */
  readonly ca?: readonly string[]
  /** PEM texts of what to show of ourselves, and of its key. */
  readonly cert?: string
  readonly key?: string
}

/** Milliseconds. */
export interface Timeouts {
  readonly connect: number
  /** Between two pieces of an answer, and before its headers. */
  readonly idle: number
  /** Before the headers of an answer to a request with a body: registries check what they got first. */
  readonly afterUpload: number
}

export const defaultTimeouts: Timeouts = { connect: 30_000, idle: 30_000, afterUpload: 300_000 }

export interface DispatcherOptions {
  readonly tls: (host: string) => TlsRules
  readonly proxy?: ProxySettings | undefined
  readonly timeouts: Timeouts
}

const maxHeaderBytes = 32 << 10

/** The kept-alive connections of one client: one pool for each origin, with that host's TLS rules and proxy. */
export class Dispatchers {
  readonly #options: DispatcherOptions
  readonly #undici: Undici
  readonly #byOrigin = new Map<string, Dispatcher>()

  constructor(undici: Undici, options: DispatcherOptions) {
    this.#undici = undici
    this.#options = options
  }

  for(url: URL): Dispatcher {
    const known = this.#byOrigin.get(url.origin)
    if (known !== undefined) return known
    const made = this.#make(url)
    this.#byOrigin.set(url.origin, made)
    return made
  }

  async destroy(): Promise<void> {
    const all = [...this.#byOrigin.values()]
    this.#byOrigin.clear()
    await Promise.all(all.map((dispatcher) => dispatcher.destroy()))
  }

  #make(url: URL): Dispatcher {
    const { timeouts, proxy, tls } = this.#options
    const common = {
      allowH2: false,
      maxHeaderSize: maxHeaderBytes,
      bodyTimeout: timeouts.idle,
      headersTimeout: timeouts.idle,
    }
    const secure = url.protocol === 'https:' ? tlsOptions(tls(url.host)) : {}
    const via = proxy === undefined ? undefined : proxyFor(url, proxy)
    if (via === undefined) {
      return new this.#undici.Agent({ ...common, connect: { timeout: timeouts.connect, ...secure } })
    }
    const proxyTls = via.protocol === 'https:' ? tlsOptions(tls(via.host)) : {}
    return new this.#undici.ProxyAgent({ ...common, uri: via.href, requestTls: secure, proxyTls })
  }
}

function tlsOptions(rules: TlsRules): { rejectUnauthorized: boolean; ca: string[]; cert?: string; key?: string } {
  // Naming any authority replaces Node's list, so the bundled and the system's must be named as well.
  const ca = [...new Set([...getCACertificates('default'), ...getCACertificates('system'), ...(rules.ca ?? [])])]
  const { rejectUnauthorized, cert, key } = rules
  const own = { ...(cert === undefined ? {} : { cert }), ...(key === undefined ? {} : { key }) }
  return { rejectUnauthorized, ca: rejectUnauthorized ? ca : [], ...own }
}
