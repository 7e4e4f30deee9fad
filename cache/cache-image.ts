import { HearthError } from '../src/errors.ts'
import { asRecord, type Descriptor, descriptorOf, parseJson } from '../src/oci/descriptor.ts'
import { parseImageConfig } from '../src/oci/image-config.ts'
import { type Manifest, manifestBytes, parseManifest } from '../src/oci/manifest.ts'
import { mediaTypes } from '../src/oci/media-type.ts'
import { parsePlatform } from '../src/oci/platform.ts'
import { type Entry, entryBytes, parseEntry } from './entry-file.ts'
import { type CacheKey, canonicalJson, type KeyValue } from './key.ts'

const entryField = 'hearth.cache.entry'

/** An entry as an image of one layer, which every registry and tool can store and copy. */
export interface CacheImage {
  readonly config: Descriptor
  readonly configBytes: Uint8Array
  readonly manifest: Descriptor
  readonly manifestBytes: Uint8Array
}

export function cacheImageOf(entry: Entry): CacheImage {
  const configBytes = encode({ ...imageFields(entry), [entryField]: JSON.parse(decode(entryBytes(entry))) })
  const config = descriptorOf(configBytes, mediaTypes.ociConfig)
  const { mediaType, digest, size } = entry.layer
  const bytes = manifestBytes({ mediaType: mediaTypes.ociManifest, config, layers: [{ mediaType, digest, size }] })
  return { config, configBytes, manifest: descriptorOf(bytes, mediaTypes.ociManifest), manifestBytes: bytes }
}

/** The manifest of a cache image: exactly one layer. */
export function parseCacheManifest(bytes: Uint8Array, mediaType: string): Manifest & { readonly layer: Descriptor } {
  const parsed = parseManifest(bytes, mediaType)
  if (parsed.kind === 'index') throw notOurs('it is an image index')
  const [layer, ...more] = parsed.manifest.layers
  if (layer === undefined || more.length > 0) throw notOurs('it does not have exactly one layer')
  return { ...parsed.manifest, layer }
}

/** The entry in a cache image's configuration, once key, layer and diffID agree with it. */
export function parseCacheConfig(configBytes: Uint8Array, expected: { key: CacheKey; layer: Descriptor }): Entry {
  const document = asRecord(parseJson(configBytes, 'cache image'), 'cache image')
  if (document[entryField] === undefined) throw notOurs('it carries no cache entry')
  const entry = parseEntry(encode(document[entryField] as KeyValue), expected.key)
  const { layer } = expected
  if (
    entry.layer.digest !== layer.digest ||
    entry.layer.size !== layer.size ||
    entry.layer.mediaType !== layer.mediaType
  ) {
    throw notOurs('its layer is not the one of the entry')
  }
  const { diffIDs } = parseImageConfig(configBytes)
  if (diffIDs.length !== 1 || diffIDs[0] !== entry.diffID) throw notOurs('its diffID is not the one of the entry')
  return entry
}

function imageFields(entry: Entry): { readonly [name: string]: KeyValue } {
  const { os, architecture, variant } = parsePlatform(entry.record.platform)
  const created = entry.created.toISOString()
  return {
    created,
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    config: {},
    rootfs: { type: 'layers', diff_ids: [entry.diffID] },
    history: [{ created, created_by: entry.text }],
  }
}

function encode(value: KeyValue): Uint8Array {
  return new TextEncoder().encode(canonicalJson(value))
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes)
}

function notOurs(why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: 'A cached image is not usable', why })
}
