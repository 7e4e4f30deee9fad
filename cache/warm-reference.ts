import { lstatSync, readdirSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { writeFileAtomically } from '../src/content/atomic-file.ts'
import { onDiskOf } from '../src/content/disk-error.ts'
import { syncDirectory } from '../src/content/durable.ts'
import { makeDirectoryIn } from '../src/content/shared-directory.ts'
import { HearthError, systemCode } from '../src/errors.ts'
import { asRecord, type Descriptor, parseDescriptor, parseJson } from '../src/oci/descriptor.ts'
import { type Digest, digestOf, parseDigest, splitDigest } from '../src/oci/digest.ts'
import { maxEntrySize, readSmallFile } from './entry-file.ts'
import { canonicalJson } from './key.ts'

/** Which image a name meant when it was resolved. */
export interface WarmReference {
  /** "registry/repository:tag", or the digest of an index or manifest. */
  readonly name: string
  /** "linux/amd64"; empty where the name is a manifest's digest, which means one image whatever is asked for. */
  readonly platform: string
  /** Manifest of one platform's image. */
  readonly manifest: Descriptor
  /** What the registry answered for the name: digest of an index or manifest. */
  readonly resolved: Digest
  readonly resolvedAt: Date
}

/** A reference with the file it stands in. */
export interface KeptReference extends WarmReference {
  /** When a build or a warmer has looked for it last. */
  readonly lastUsed: Date
  /** Bytes of the file. */
  readonly size: number
}

/** Writes a reference below a cache directory, in place of an older one of the same name and platform. */
export async function writeWarmReference(directory: string, reference: WarmReference): Promise<void> {
  makeDirectoryIn(directory, 'refs')
  await writeFileAtomically(warmReferencePath(directory, reference.name, reference.platform), referenceBytes(reference))
}

/** Undefined when there is none; throws when it is damaged. */
export async function readWarmReference(
  directory: string,
  name: string,
  platform: string,
): Promise<WarmReference | undefined> {
  const path = warmReferencePath(directory, name, platform)
  const bytes = await readSmallFile(path, maxEntrySize)
  if (bytes === undefined) return undefined
  const reference = parseReferenceFile(bytes, path)
  if (reference.name !== name || reference.platform !== platform) throw damaged(path, 'it belongs to another name')
  if (platform === '' && reference.manifest.digest !== name)
    throw damaged(path, 'its manifest is not the one it is named for')
  return reference
}

/** Every readable reference of a cache directory, damaged ones left out. */
export async function listWarmReferences(directory: string): Promise<readonly KeptReference[]> {
  const found: KeptReference[] = []
  for (const file of referenceFiles(join(directory, 'refs'))) {
    const bytes = await readSmallFile(file, maxEntrySize).catch(() => undefined)
    const lastUsed = lstatSync(file, { throwIfNoEntry: false })?.mtime
    if (bytes === undefined || lastUsed === undefined) continue
    try {
      found.push({ ...parseReferenceFile(bytes, file), lastUsed, size: bytes.byteLength })
    } catch (error) {
      if (!(error instanceof HearthError)) throw error
    }
  }
  return found
}

/** Takes references away. One that was written anew since it was read stays, and makes this false. */
export async function removeWarmReferences(directory: string, references: readonly WarmReference[]): Promise<boolean> {
  let areGone = true
  for (const seen of references) {
    const now = await readWarmReference(directory, seen.name, seen.platform).catch(() => seen)
    if (now === undefined) continue
    const isSame = now.resolved === seen.resolved && now.resolvedAt.getTime() === seen.resolvedAt.getTime()
    if (isSame)
      await onDiskOf(join(directory, 'refs'), removeFile(warmReferencePath(directory, seen.name, seen.platform)))
    else areGone = false
  }
  if (references.length > 0) await syncDirectory(join(directory, 'refs')).catch(() => {})
  return areGone
}

async function removeFile(path: string): Promise<void> {
  try {
    unlinkSync(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}

function referenceFiles(directory: string): readonly string[] {
  try {
    const names = readdirSync(directory).filter((name) => /^[0-9a-f]{64}\.json$/.test(name))
    return names.sort().map((name) => join(directory, name))
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}

/** Where the reference of a name and platform is kept. */
export function warmReferencePath(directory: string, name: string, platform: string): string {
  const { hex } = splitDigest(digestOf(canonicalJson([name, platform])))
  return join(directory, 'refs', `${hex}.json`)
}

function referenceBytes(reference: WarmReference): Uint8Array {
  const { mediaType, digest, size } = reference.manifest
  const content = {
    version: 1,
    name: reference.name,
    platform: reference.platform,
    manifest: { mediaType, digest, size },
    resolved: reference.resolved,
    resolvedAt: reference.resolvedAt.toISOString(),
  }
  const checksum = digestOf(canonicalJson(content))
  return new TextEncoder().encode(canonicalJson({ ...content, checksum }))
}

/** Throws a HearthError for bytes that `writeWarmReference` would not have written. */
export function parseReferenceFile(bytes: Uint8Array, path: string): WarmReference {
  const o = asRecord(parseJson(bytes, `warm reference ${path}`), 'warm reference')
  const { name, platform, resolved, resolvedAt } = o
  if (typeof name !== 'string' || typeof platform !== 'string') throw damaged(path, 'a field is missing')
  if (typeof resolved !== 'string' || typeof resolvedAt !== 'string') throw damaged(path, 'a field is missing')
  const time = new Date(resolvedAt)
  if (Number.isNaN(time.getTime())) throw damaged(path, 'its time is not valid')
  const manifest = parseDescriptor(o.manifest)
  const reference = { name, platform, manifest, resolved: parseDigest(resolved), resolvedAt: time }
  if (!Buffer.from(referenceBytes(reference)).equals(bytes)) throw damaged(path, 'its checksum does not fit')
  return reference
}

function damaged(path: string, why: string): HearthError {
  return new HearthError({ code: 'cache-unusable', message: 'A warmed reference is damaged', where: path, why })
}
