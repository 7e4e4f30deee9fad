import { writeFileAtomically } from '../src/content/atomic-file.ts'
import { readSteeringFile } from '../src/context/steering-file.ts'
import { asHearthError, HearthError } from '../src/errors.ts'
import { asRecord, parseJson } from '../src/oci/descriptor.ts'
import { type Digest, isDigest } from '../src/oci/digest.ts'
import { formatPlatform, normalizePlatform, parsePlatform } from '../src/oci/platform.ts'
import { formatReference, parseReference, type Reference } from '../src/oci/reference.ts'
import { identityOf, type WantedImage } from './wanted-image.ts'
import type { WarmResult } from './warm-result.ts'

/** What a name stands for, written down. */
export interface LockedImage {
  /** "index.docker.io/library/debian:12" */
  readonly reference: string
  /** "linux/amd64" */
  readonly platform: string
  /** What the registry answered: digest of an index or of the manifest. */
  readonly digest: Digest
  /** Manifest of this platform's image. */
  readonly manifest: Digest
}

/** Locked images by `identityOf`. */
export type Lock = ReadonlyMap<string, LockedImage>

const fix = 'Let the warmer write it anew: --lock-file without --locked.'

/** Reads a lock file; undefined when there is none. Throws a HearthError "lock-invalid" for one that makes no sense. */
export function readLock(path: string): Lock | undefined {
  try {
    const outcome = readSteeringFile(path)
    if (outcome.kind === 'missing') return undefined
    if (outcome.kind === 'refused') throw invalid(outcome.why)
    return parseLock(outcome.text)
  } catch (error) {
    const known = asHearthError(error)
    const isAboutContent = ['manifest-invalid', 'reference-invalid', 'platform-invalid'].includes(known.code)
    throw (isAboutContent ? invalid(known.message) : known).at(path)
  }
}

/** Writes a lock file, unless it says the same already. */
export async function writeLock(path: string, lock: Lock): Promise<void> {
  const text = lockText(lock)
  const outcome = readSteeringFile(path)
  if (outcome.kind === 'text' && outcome.text === text) return
  await writeFileAtomically(path, new TextEncoder().encode(text))
}

/** The one spelling of a lock: an image on each few lines, sorted, nothing in it that changes while the images do not. */
export function lockText(lock: Lock): string {
  const images = [...lock.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, image]) => image)
  return `${JSON.stringify({ version: 1, images }, undefined, 2)}\n`
}

/**
 * The lock after warming: what was warmed, and of what failed what was locked before. What nobody wants any more is not
 * in it, nor what is wanted by digest and so is locked already.
 */
export function lockOf(results: readonly WarmResult[], before: Lock | undefined): Lock {
  const lock = new Map<string, LockedImage>()
  for (const result of results) {
    const { wanted } = result
    if (wanted.reference.digest !== undefined) continue
    const image = result.kind === 'failed' ? before?.get(identityOf(wanted)) : lockedNow(wanted, result)
    if (image !== undefined) lock.set(identityOf(wanted), image)
  }
  return lock
}

/** Throws a HearthError "lock-mismatch" that names all images which are wanted and not locked. */
export function requireLocked(wanted: readonly WantedImage[], lock: Lock, path: string): void {
  const missing = wanted.filter((image) => image.reference.digest === undefined && !lock.has(identityOf(image)))
  if (missing.length === 0) return
  const names = missing.map((image) => {
    const files = image.wantedBy ?? []
    return `${identityOf(image)}${files.length === 0 ? '' : ` of ${files.join(', ')}`}`
  })
  throw new HearthError({
    code: 'lock-mismatch',
    message: `${missing.length} of ${wanted.length} images ${missing.length === 1 ? 'is' : 'are'} not in the lock file`,
    where: path,
    why: names.join('; '),
    fix: 'Let the warmer write it anew, with --lock-file and without --locked, and have the change reviewed.',
  })
}

/** The reference with the digest that its name is locked to; the same where it has none. */
export function lockedReference(wanted: WantedImage, lock: Lock | undefined): Reference {
  const locked = lock?.get(identityOf(wanted))
  if (locked === undefined || wanted.reference.digest !== undefined) return wanted.reference
  return { ...wanted.reference, digest: locked.digest }
}

/** Throws a HearthError "lock-mismatch" when an image is another one than is locked. */
export function requireSame(
  wanted: WantedImage,
  found: Pick<LockedImage, 'digest' | 'manifest'>,
  lock: Lock | undefined,
): void {
  const locked = lock?.get(identityOf(wanted))
  if (locked === undefined || (locked.digest === found.digest && locked.manifest === found.manifest)) return
  throw new HearthError({
    code: 'lock-mismatch',
    message: `${identityOf(wanted)} is another image than the lock file says`,
    why: `${found.digest} (${found.manifest}) instead of ${locked.digest} (${locked.manifest})`,
    fix,
  })
}

function lockedNow(
  { reference, platform }: WantedImage,
  { resolved: digest, manifest }: Extract<WarmResult, { readonly manifest: unknown }>,
): LockedImage {
  const name = formatReference(reference)
  return { reference: name, platform: formatPlatform(normalizePlatform(platform)), digest, manifest: manifest.digest }
}

function parseLock(text: string): Lock {
  const document = asRecord(parseJson(new TextEncoder().encode(text), 'lock file'), 'lock file')
  if (document.version !== 1) throw invalid(`its version is ${JSON.stringify(document.version)}, and only 1 is known`)
  if (!Array.isArray(document.images)) throw invalid('it has no list of images')
  const images = document.images.map(parseLocked)
  const lock = new Map(images)
  if (lock.size === images.length) return lock
  throw invalid('it has an image twice')
}

function parseLocked(json: unknown): readonly [identity: string, image: LockedImage] {
  const image = asRecord(json, 'image of a lock file')
  const [reference, platform, digest, manifest] = ['reference', 'platform', 'digest', 'manifest'].map((name) => {
    const value = image[name]
    if (typeof value === 'string') return value
    throw invalid(`an image has no ${name}`)
  }) as [string, string, string, string]
  if (!isDigest(digest) || !isDigest(manifest)) throw invalid(`${reference} has no digest`)
  const identity = identityOf({ reference: parseReference(reference), platform: parsePlatform(platform) })
  return [identity, { reference, platform, digest, manifest }]
}

function invalid(why: string): HearthError {
  return new HearthError({ code: 'lock-invalid', message: 'The lock file cannot be used', why, fix })
}
