import { HearthError } from '../errors.ts'
import type { Digest } from '../oci/digest.ts'
import { type Reference, repositoryName } from '../oci/reference.ts'
import { writeOutputFile } from './output-file.ts'

export interface DigestFiles {
  /** Gets the digest, without a line end. */
  readonly digestFile?: string
  /** Gets a line "repository@digest" for each destination. */
  readonly imageNameWithDigestFile?: string
  /** Gets a line "repository:tag@digest" for each destination. */
  readonly imageNameTagWithDigestFile?: string
}

/** Tells others what was built. To be called when everything else has succeeded. */
export async function writeDigestFiles(
  files: DigestFiles,
  digest: Digest,
  destinations: readonly Reference[],
): Promise<void> {
  const { digestFile, imageNameWithDigestFile, imageNameTagWithDigestFile } = files
  const names = destinations.map((reference) => `${repositoryName(reference)}@${digest}\n`)
  const tags = destinations.map((reference) => `${repositoryName(reference)}:${reference.tag ?? 'latest'}@${digest}\n`)
  if (digestFile !== undefined) await writeText(digestFile, digest)
  if (imageNameWithDigestFile !== undefined) await writeText(imageNameWithDigestFile, names.join(''))
  if (imageNameTagWithDigestFile !== undefined) await writeText(imageNameTagWithDigestFile, tags.join(''))
}

async function writeText(path: string, text: string): Promise<void> {
  if (/^https?:\/\//i.test(path)) throw toTheWeb(path)
  await writeOutputFile(path, text)
}

function toTheWeb(path: string): HearthError {
  return new HearthError({
    code: 'output-failed',
    message: `Sending the digest to a web address is not supported yet: ${path}`,
    fix: 'Give the path of a file.',
  })
}
