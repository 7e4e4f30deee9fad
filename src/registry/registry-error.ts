import { type ErrorCode, HearthError } from '../errors.ts'
import { discardBody, type HttpResponse } from '../http/http-client.ts'
import { TransportError } from '../http/transport-error.ts'
import { printable } from '../log.ts'

/** What a registry was asked, for messages. */
export interface Subject {
  /** Host and port. */
  readonly host: string
  /** The name that logins for it are kept under. */
  readonly registry: string
  /** "registry.example/app:1", or "blob sha256:… of registry.example/app". */
  readonly what: string
  /** What a login would have to allow. */
  readonly action: 'pull' | 'push' | 'delete'
  /** Where logins are kept, if anywhere. */
  readonly loginPlace?: string | undefined
}

const errorBodyLimit = 64 << 10
const shownText = 400

/**
 * Turns an answer that is not the hoped-for one into an error with the registry's own words. Reads the body. `meaning` is
 * the status to judge by, where it was badly chosen.
 */
export async function registryError(
  response: HttpResponse,
  subject: Subject,
  meaning = response.status,
): Promise<HearthError> {
  const said = await registryWords(response)
  const why = `${subject.host} answered ${response.status}${said === '' ? '' : `: ${said}`}`
  return new HearthError({ ...verdict(meaning, subject), why })
}

/** Turns a failure of the network into an error that names the host and the cause; other errors pass unchanged. */
export function unreachable(error: unknown, subject: Subject): unknown {
  if (!(error instanceof TransportError)) return error
  return new HearthError({
    code: 'registry-unreachable',
    message: `Cannot ${subject.action} ${subject.what}`,
    why: error.message,
    fix: error.isCertificate
      ? `Trust its authority (SSL_CERT_DIR, or --registry-certificate=${subject.host}=<PEM file>), or name it in --skip-tls-verify-registry=${subject.host}.`
      : `Check that ${error.host} is the right registry and that this machine can reach it; a registry without TLS needs --insecure-registry.`,
    cause: error,
  })
}

function verdict(status: number, subject: Subject): { code: ErrorCode; message: string; fix: string } {
  const { what, host, registry, action, loginPlace } = subject
  const noun = action === 'delete' ? 'deletion' : action
  const logins = loginPlace === undefined ? 'a Docker config.json' : loginPlace
  switch (true) {
    case status === 401 || status === 403:
      return {
        code: 'registry-auth',
        message: `${host} does not allow the ${noun} of ${what}`,
        fix: `Check the name, and that ${logins} has a login for ${registry} that may ${action} it.`,
      }
    case status === 404:
      return {
        code: 'registry-not-found',
        message: `${what} does not exist`,
        fix: `Check the name and the tag at ${host}.`,
      }
    case status === 429:
      return {
        code: 'registry-rate-limit',
        message: `${host} allows no more requests for now`,
        fix: 'Wait, log in for a higher limit, or use a mirror with --registry-mirror.',
      }
    case status >= 500:
      return {
        code: 'registry-unreachable',
        message: `Cannot ${action} ${what}: ${host} has a problem of its own`,
        fix: 'Try again later, or ask who runs the registry.',
      }
    default:
      return {
        code: 'registry-refused',
        message: `${host} refused the ${noun} of ${what}`,
        fix: 'The registry says why; ask who runs it if that does not help.',
      }
  }
}

/** "UNAUTHORIZED: authentication required", or the start of a plain text; "" for pages and empty answers. */
export async function registryWords(response: HttpResponse): Promise<string> {
  const text = await bodyText(response)
  if (text === undefined) return ''
  const words = fromJson(text) ?? (/^\s*</.test(text) ? '' : text)
  return printable(words.replace(/\s+/g, ' ').trim()).slice(0, shownText)
}

async function bodyText(response: HttpResponse): Promise<string | undefined> {
  const chunks: Uint8Array[] = []
  let size = 0
  try {
    for await (const chunk of response.body) {
      size += chunk.byteLength
      if (size > errorBodyLimit) break
      chunks.push(chunk)
    }
  } catch {
    await discardBody(response)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function fromJson(text: string): string | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null) return undefined
  if ('errors' in value && Array.isArray(value.errors)) return value.errors.slice(0, 5).map(oneError).join('; ')
  for (const name of ['details', 'message', 'error'] as const) {
    const said = (value as Readonly<Record<string, unknown>>)[name]
    if (typeof said === 'string') return said
  }
  return undefined
}

function oneError(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error)
  const { code, message } = error as { code?: unknown; message?: unknown }
  return [code, message].filter((part) => typeof part === 'string' && part !== '').join(': ')
}
