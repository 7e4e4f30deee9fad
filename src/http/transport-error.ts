import { systemCode } from '../errors.ts'

/** The network failed before a complete answer was there. `transient` says whether trying again can help. */
export class TransportError extends Error {
  /** "registry.example:5000" */
  readonly host: string
  /** The system's or the library's name of the failure: "ECONNREFUSED", "CERT_HAS_EXPIRED", "REDIRECT". */
  readonly code: string
  readonly transient: boolean

  constructor(parts: { host: string; code: string; reason: string; transient: boolean; cause?: unknown }) {
    super(`${parts.host}: ${parts.reason}`, parts.cause === undefined ? undefined : { cause: parts.cause })
    this.name = 'TransportError'
    this.host = parts.host
    this.code = parts.code
    this.transient = parts.transient
  }

  /** Whether the other side's certificate was not accepted. */
  get isCertificate(): boolean {
    return isCertificateCode(this.code)
  }
}

/** Puts what the network library threw into words. */
export function transportError(host: string, cause: unknown): TransportError {
  if (cause instanceof TransportError) return cause
  const root = rootOf(cause)
  const code = systemCode(root) ?? 'UNKNOWN'
  const reason = reasonOf(code, root)
  return new TransportError({ host, code, reason, transient: !isLasting(code), cause })
}

// A failed attempt on several addresses comes as an AggregateError; the first address speaks for all.
function rootOf(error: unknown): unknown {
  if (error instanceof AggregateError && error.errors.length > 0) return rootOf(error.errors[0])
  if (
    error instanceof Error &&
    error.cause instanceof Error &&
    systemCode(error)?.startsWith('UND_ERR_SOCKET') !== true
  ) {
    return systemCode(error) === undefined ? rootOf(error.cause) : error
  }
  return error
}

const reasons: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ECONNRESET: 'the connection was reset',
  EPIPE: 'the connection was closed while sending',
  ENOTFOUND: 'the name cannot be resolved',
  EAI_AGAIN: 'name resolution failed for now',
  EHOSTUNREACH: 'there is no route to the host',
  ENETUNREACH: 'there is no route to the network',
  ETIMEDOUT: 'the connection timed out',
  UND_ERR_CONNECT_TIMEOUT: 'no connection in time',
  UND_ERR_HEADERS_TIMEOUT: 'no answer in time',
  UND_ERR_BODY_TIMEOUT: 'the answer stalled',
  UND_ERR_HEADERS_OVERFLOW: 'the headers of the answer are too large',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'the body has another length than announced',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'the answer has another length than announced',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate chain ends in an unknown authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate was signed by an unknown authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate was signed by an unknown authority',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
}

function reasonOf(code: string, error: unknown): string {
  const text = error instanceof Error ? error.message : String(error)
  if (code.startsWith('ERR_SSL_') || code === 'EPROTO') return `the TLS handshake failed (${code})`
  const known = reasons[code]
  return known === undefined ? `${text} (${code})` : `${known} (${code})`
}

function isCertificateCode(code: string): boolean {
  return /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_CRL|INVALID_CA|HOSTNAME_MISMATCH/.test(code)
}

function isLasting(code: string): boolean {
  if (isCertificateCode(code) || code.startsWith('ERR_SSL_') || code === 'EPROTO') return true
  return (
    code === 'UND_ERR_HEADERS_OVERFLOW' ||
    code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH' ||
    code.startsWith('ERR_INVALID')
  )
}
