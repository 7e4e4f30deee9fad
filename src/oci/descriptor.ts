import { HearthError } from '../errors.ts'
import { type Digest, digestOf, parseDigest } from './digest.ts'
import { type Platform, parsePlatformObject } from './platform.ts'

/** What content is, how many bytes it has, and what it hashes to. */
export interface Descriptor {
  readonly mediaType: string
  readonly digest: Digest
  /** Bytes as stored. */
  readonly size: number
  readonly annotations?: Readonly<Record<string, string>>
  readonly platform?: Platform
}

export function descriptorOf(bytes: Uint8Array, mediaType: string): Descriptor {
  return { mediaType, digest: digestOf(bytes), size: bytes.byteLength }
}

/** Reads an untrusted descriptor: the digest must be canonical and the size a plain byte count. */
export function parseDescriptor(value: unknown): Descriptor {
  const object = asRecord(value, 'descriptor')
  const { mediaType, digest, size } = object
  if (typeof mediaType !== 'string' || typeof digest !== 'string')
    throw invalid('a descriptor lacks its mediaType or digest')
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw invalid(`the descriptor of ${digest.slice(0, 80)} has no valid size`)
  }
  return {
    mediaType,
    digest: parseDigest(digest),
    size,
    ...(object.annotations === undefined ? {} : { annotations: parseStringMap(object.annotations) }),
    ...(object.platform === undefined ? {} : { platform: parsePlatformObject(object.platform) }),
  }
}

export function asRecord(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  throw invalid(`the ${what} is not a JSON object`)
}

/** A map of text to text; null, which Go writes for an empty map, counts as empty. */
export function parseStringMap(value: unknown): Readonly<Record<string, string>> {
  if (value === null) return {}
  const out: [string, string][] = []
  for (const [key, text] of Object.entries(asRecord(value, 'map'))) {
    if (typeof text !== 'string') throw invalid(`the value of "${key}" is not a text`)
    out.push([key, text])
  }
  return Object.fromEntries(out)
}

/** Parses JSON that came from outside; `what` names it in the error. */
export function parseJson(bytes: Uint8Array | string, what: string): unknown {
  try {
    return JSON.parse(typeof bytes === 'string' ? bytes : new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch (cause) {
    throw new HearthError({ code: 'manifest-invalid', message: `The ${what} is not valid JSON`, cause })
  }
}

export function invalid(why: string): HearthError {
  return new HearthError({ code: 'manifest-invalid', message: 'The image manifest or configuration is not valid', why })
}
