import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run } from './command.ts'

/** An image of an OCI layout, by the digest of its manifest: what kaniko's entries are named by. */
export interface SourceImage {
  readonly layout: string
  readonly digest: string
}

interface ManifestDocument {
  readonly config: { readonly digest: string }
  readonly layers: readonly { readonly digest: string }[]
}

/**
 * Writes an image into a cache directory as kaniko's warmer up to 1.24 does: "<digest>", an archive of the configuration
 * named "sha256:<hex>", each different layer as the registry has it named "<hex>.tar.gz", and manifest.json; and beside it
 * "<digest>.json", the manifest. Gives the archive's path.
 */
export function writeKanikoArchive(cache: string, { layout, digest }: SourceImage): string {
  const bytes = readFileSync(blobPath(layout, digest))
  const { config, layers }: ManifestDocument = JSON.parse(bytes.toString())
  const staging = mkdtempSync(join(cache, 'warmingImage.'))
  const names = [...new Set(layers.map((layer) => `${hexOf(layer.digest)}.tar.gz`))]
  cpSync(blobPath(layout, config.digest), join(staging, config.digest))
  for (const { digest } of layers) cpSync(blobPath(layout, digest), join(staging, `${hexOf(digest)}.tar.gz`))
  const listed = layers.map((layer) => `${hexOf(layer.digest)}.tar.gz`)
  const manifest = [{ Config: config.digest, RepoTags: ['base:1'], Layers: listed }]
  writeFileSync(join(staging, 'manifest.json'), JSON.stringify(manifest))
  const path = join(cache, digest)
  const plain = ['--force-local', '--format=ustar', '--mode=0644', '--owner=0', '--group=0', '--mtime=@0']
  execFileSync('tar', [...plain, '-C', staging, '-cf', path, config.digest, ...names, 'manifest.json'])
  rmSync(staging, { recursive: true })
  writeFileSync(`${path}.json`, bytes)
  return path
}

/** The same as its successors do: a directory "<digest>", an OCI layout of the one image, copied by skopeo. */
export async function writeKanikoLayout(
  cache: string,
  source: SourceImage & { readonly name: string },
): Promise<string> {
  const staging = mkdtempSync(join(cache, 'kaniko'))
  const from = `oci:${source.layout}:${source.name}`
  await run('skopeo', ['copy', '--quiet', '--insecure-policy', from, `oci:${staging}:registry.example/base:1`])
  const path = join(cache, source.digest)
  renameSync(staging, path)
  mkdirSync(join(cache, '.warmer-locks'), { recursive: true })
  return path
}

/** An archive under the same name whose layers are not compressed: what `skopeo copy` to docker-archive makes. */
export async function writeUncompressedArchive(
  cache: string,
  source: SourceImage & { readonly name: string },
): Promise<string> {
  const path = join(cache, source.digest)
  const staging = join(mkdtempSync(join(cache, 'skopeo')), 'archive')
  const from = `oci:${source.layout}:${source.name}`
  await run('skopeo', ['copy', '--quiet', '--insecure-policy', from, `docker-archive:${staging}`])
  renameSync(staging, path)
  cpSync(blobPath(source.layout, source.digest), `${path}.json`)
  return path
}

/** Digest of the manifest of the only image of a layout. */
export function onlyDigest(layout: string): string {
  return JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests[0].digest
}

function blobPath(layout: string, digest: string): string {
  return join(layout, 'blobs', digest.replace(':', '/'))
}

function hexOf(digest: string): string {
  return digest.slice('sha256:'.length)
}
