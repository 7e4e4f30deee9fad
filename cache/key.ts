import { createHash } from 'node:crypto'
import type { SourceInput } from '../src/context/source-digest.ts'
import { HearthError } from '../src/errors.ts'
import { type Digest, digestOf } from '../src/oci/digest.ts'

/** The name of a cached layer: 64 hexadecimal digits, the SHA-256 of its key record. */
export type CacheKey = string & { readonly __brand: 'CacheKey' }

/** What JSON can say. */
export type KeyValue = string | number | boolean | null | readonly KeyValue[] | { readonly [name: string]: KeyValue }

/** A file a layer was made from. */
export type KeyInput = SourceInput

interface KeyFields {
  readonly version: 1
  /** Key of the step below, or the identity of the base's layers, or "scratch"; "link" for a layer that knows of nothing below. */
  readonly parent: string
  readonly platform: string
  readonly instruction: 'RUN' | 'COPY' | 'ADD' | 'WORKDIR'
  /** Everything else that determines the layer, with variables expanded. */
  readonly fields: { readonly [name: string]: KeyValue }
}

/** Everything that determines a layer. Equal records have equal keys, different ones different keys. */
export interface KeyRecord extends KeyFields {
  readonly inputs?: readonly KeyInput[]
}

/** A record as it is kept: its inputs, which may be many, are named by the digest of their canonical JSON. */
export interface StoredRecord extends KeyFields {
  readonly inputs?: Digest
}

const keyPattern = /^[0-9a-f]{64}$/

export function isCacheKey(text: string): text is CacheKey {
  return keyPattern.test(text)
}

export function cacheKey(record: KeyRecord): CacheKey {
  return keyOfStored(storedRecord(record))
}

/** The key of a record in its kept form; the same as that of the record it was made from. */
export function keyOfStored(record: StoredRecord): CacheKey {
  return createHash('sha256')
    .update(canonicalJson(toValue(record)))
    .digest('hex') as CacheKey
}

export function storedRecord(record: KeyRecord): StoredRecord {
  const { inputs, ...rest } = record
  return inputs === undefined ? rest : { ...rest, inputs: digestOf(canonicalInputs(inputs)) }
}

/** The text whose digest stands for the inputs. */
export function canonicalInputs(inputs: readonly KeyInput[]): string {
  return canonicalJson(inputs)
}

/**
 * JSON with one spelling per value: names in the order of their code units, no white space. Different values have
 * different texts. Throws on what JSON cannot tell apart or leaves out: NaN, infinities, undefined.
 */
export function canonicalJson(value: KeyValue): string {
  if (typeof value === 'number' && !Number.isFinite(value)) throw noValue(String(value))
  if (value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return JSON.stringify(value)
  }
  if (typeof value !== 'object') throw noValue(typeof value)
  if (isList(value)) return `[${Array.from(value, canonicalJson).join(',')}]`
  const names = Object.keys(value).sort()
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name] as KeyValue)}`).join(',')}}`
}

function isList(value: readonly KeyValue[] | { readonly [name: string]: KeyValue }): value is readonly KeyValue[] {
  return Array.isArray(value)
}

function toValue(record: StoredRecord): KeyValue {
  const { version, parent, platform, instruction, fields, inputs } = record
  const common = { version, parent, platform, instruction, fields }
  return inputs === undefined ? common : { ...common, inputs }
}

function noValue(what: string): HearthError {
  return new HearthError({ code: 'internal', message: `A cache key cannot be made of ${what}` })
}
