import { constants, lstatSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { PackedBlob } from '../src/content/packed-blob.ts'
import { HearthError, systemCode } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import { asRecord, type Descriptor, parseJson } from '../src/oci/descriptor.ts'
import { type Digest, digestOf, splitDigest } from '../src/oci/digest.ts'
import { type Manifest, parseManifest } from '../src/oci/manifest.ts'
import { mediaTypes } from '../src/oci/media-type.ts'
import { archiveMembers } from '../src/tar/archive-members.ts'
import { readSmallFile } from './entry-file.ts'

/** An image as kaniko's warmer has left it. */
export interface KanikoEntry {
  /** Its manifest as the registry had it, with the digest that the entry is named by; undefined where it was not kept. */
  readonly manifest: KanikoManifest | undefined
  /** Where a blob lies; undefined where no file of its digest and size does. Its bytes have not been looked at. */
  blob(descriptor: Descriptor): PackedBlob | undefined
}

export interface KanikoManifest {
  readonly bytes: Uint8Array
  readonly descriptor: Descriptor
  readonly manifest: Manifest
}

export interface KanikoEntryOptions {
  /** Digest of the manifest of one platform's image. */
  readonly digest: Digest
  readonly onDamaged: (error: HearthError) => void
}

/**
 * Opens what kaniko keeps of an image in a directory: "<digest>", a `docker save` archive beside "<digest>.json", or an
 * OCI layout of that name. Undefined when there is nothing; throws when there is something else, or it is not whole.
 */
export async function openKanikoEntry(
  directory: string,
  options: KanikoEntryOptions,
): Promise<KanikoEntry | undefined> {
  const path = join(directory, options.digest)
  const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    (error: unknown) => {
      if (systemCode(error) === 'ENOENT') return undefined
      throw error
    },
  )
  if (handle === undefined) return undefined
  try {
    const stat = await handle.stat()
    if (stat.isDirectory()) return await layoutEntry(path, options)
    if (!stat.isFile()) throw damaged(path, 'it is neither a file nor a directory')
    const members = await archiveMembers(handle)
    return archiveEntry(path, { ...options, members, manifest: await readSmallFile(`${path}.json`, maxDocumentSize) })
  } finally {
    await handle.close()
  }
}

async function layoutEntry(path: string, { digest, onDamaged }: KanikoEntryOptions): Promise<KanikoEntry> {
  const pathOf = (digest: Digest): string => {
    const { algorithm, hex } = splitDigest(digest)
    return join(path, 'blobs', algorithm, hex)
  }
  const bytes = await readSmallFile(pathOf(digest), maxDocumentSize)
  if (bytes === undefined) throw damaged(path, 'its manifest is missing')
  return {
    manifest: manifestOf(bytes, { path, digest }),
    blob(descriptor) {
      const file = pathOf(descriptor.digest)
      if (lstatSync(file, { throwIfNoEntry: false })?.size !== descriptor.size) return undefined
      return new PackedBlob({ path: file, offset: 0, descriptor, onDamaged })
    },
  }
}

interface Archive extends KanikoEntryOptions {
  readonly members: Awaited<ReturnType<typeof archiveMembers>>
  readonly manifest: Uint8Array | undefined
}

/** Members are named by their digests: the configuration "sha256:<hex>", layers "<hex>.tar.gz". */
const memberName = /^(?:sha256:)?([0-9a-f]{64})(?:\.json|\.tar(?:\.gz)?)?$/

function archiveEntry(path: string, { digest, onDamaged, members, manifest }: Archive): KanikoEntry {
  const places = new Map(
    members.flatMap(({ name, offset, size }) => {
      const hex = memberName.exec(name)?.[1]
      return hex === undefined ? [] : [[`sha256:${hex}` as string, { offset, size }] as const]
    }),
  )
  return {
    manifest: manifest === undefined ? undefined : manifestOf(manifest, { path: `${path}.json`, digest }),
    blob(descriptor) {
      const place = places.get(descriptor.digest)
      if (place?.size !== descriptor.size) return undefined
      return new PackedBlob({ path, offset: place.offset, descriptor, onDamaged })
    },
  }
}

/** Only the very bytes that the registry had will do: the image made from them is to have the same digests. */
function manifestOf(bytes: Uint8Array, { path, digest }: { path: string; digest: Digest }): KanikoManifest {
  if (digestOf(bytes) !== digest) throw damaged(path, `it hashes to ${digestOf(bytes)}`)
  const mediaType = mediaTypeOf(bytes)
  const parsed = parseManifest(bytes, mediaType)
  if (parsed.kind === 'index') throw damaged(path, 'it is an image index, not an image')
  return { bytes, descriptor: { mediaType, digest, size: bytes.byteLength }, manifest: parsed.manifest }
}

/** OCI's manifests need not say what they are. */
function mediaTypeOf(bytes: Uint8Array): string {
  const { mediaType } = asRecord(parseJson(bytes, 'manifest'), 'manifest')
  return typeof mediaType === 'string' ? mediaType : mediaTypes.ociManifest
}

function damaged(path: string, why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: 'An image warmed by kaniko is damaged', where: path, why })
}
