import type { BaseImages } from '../cache/base-images.ts'
import { HearthError } from '../src/errors.ts'
import { maxDocumentSize } from '../src/image/from-registry.ts'
import { redact } from '../src/log.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import type { Digest } from '../src/oci/digest.ts'
import { parseManifest } from '../src/oci/manifest.ts'
import { formatPlatform, normalizePlatform } from '../src/oci/platform.ts'
import { formatReference } from '../src/oci/reference.ts'
import type { Refusal } from './wanted-image.ts'
import type { WarmResult } from './warm-result.ts'

/** What became of one image, for programs and for the table. */
export interface ReportRow {
  /** "index.docker.io/library/debian:12"; of what could not be understood, its text or the path of its file. */
  readonly reference: string
  /** "linux/amd64"; null where nobody got that far. */
  readonly platform: string | null
  readonly outcome: WarmResult['kind']
  /** Of the platform's manifest. */
  readonly digest: Digest | null
  /** What the name stands for: digest of an index or of the manifest. */
  readonly resolved: Digest | null
  /** The manifest that the name stood for before, when that was another one. */
  readonly previousDigest: Digest | null
  readonly layers: number | null
  /** Bytes of all layers, compressed. */
  readonly size: number | null
  readonly layersTransferred: number
  readonly bytesTransferred: number
  readonly seconds: number
  /** The files that want the image. */
  readonly wantedBy: readonly string[]
  readonly error: ReportedError | null
}

export interface ReportedError {
  readonly code: string
  readonly message: string
  readonly where: string | null
  readonly why: string | null
  readonly fix: string | null
}

/** What a warmer did. Fields may be added without a new version. */
export interface WarmReport {
  readonly version: 1
  readonly cacheDir: string
  /** In the order wanted, after what could not be understood. */
  readonly images: readonly ReportRow[]
}

/** A row for each refusal and each result. Manifests are read once more to count the layers of what was there. */
export async function reportRows(
  refused: readonly Refusal[],
  results: readonly WarmResult[],
  images: BaseImages,
): Promise<readonly ReportRow[]> {
  const first = refused.map(({ text, error }): ReportRow => ({ ...nothing, reference: text, error: reported(error) }))
  return [...first, ...(await Promise.all(results.map((result) => rowOf(result, images))))]
}

const nothing: Omit<ReportRow, 'reference'> = {
  platform: null,
  outcome: 'failed',
  digest: null,
  resolved: null,
  previousDigest: null,
  layers: null,
  size: null,
  layersTransferred: 0,
  bytesTransferred: 0,
  seconds: 0,
  wantedBy: [],
  error: null,
}

async function rowOf(result: WarmResult, images: BaseImages): Promise<ReportRow> {
  const { wanted, kind: outcome, seconds } = result
  const platform = formatPlatform(normalizePlatform(wanted.platform))
  const wantedBy = wanted.wantedBy ?? []
  const common = { ...nothing, reference: formatReference(wanted.reference), platform, outcome, seconds, wantedBy }
  if (result.kind === 'failed') return { ...common, error: reported(result.error) }
  const layers = await layersOf(result.manifest, images)
  return {
    ...common,
    digest: result.manifest.digest,
    resolved: result.resolved,
    previousDigest: result.previous ?? null,
    layers: layers?.length ?? null,
    size: layers === undefined ? null : sizeOf(layers),
    layersTransferred: result.transferred.length,
    bytesTransferred: sizeOf(result.transferred),
  }
}

/** Undefined for an image that is gone again: somebody else prunes. */
async function layersOf(manifest: Descriptor, { store }: BaseImages): Promise<readonly Descriptor[] | undefined> {
  try {
    const parsed = parseManifest(await store.read(manifest, maxDocumentSize), manifest.mediaType)
    return parsed.kind === 'manifest' ? parsed.manifest.layers : undefined
  } catch (error) {
    if (error instanceof HearthError) return undefined
    throw error
  }
}

function sizeOf(layers: readonly Descriptor[]): number {
  return layers.reduce((sum, { size }) => sum + size, 0)
}

/** The longest text of an error that is handed on, in characters. */
const maxText = 4096

function reported({ code, message, where, why, fix }: HearthError): ReportedError {
  const clean = (text: string): string => {
    const short = text.length > maxText ? `${text.slice(0, maxText)}…` : text
    return redact(short, [])
  }
  const cleanOrNull = (text: string | undefined): string | null => (text === undefined ? null : clean(text))
  return { code, message: clean(message), where: cleanOrNull(where), why: cleanOrNull(why), fix: cleanOrNull(fix) }
}
