import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createWriteStream, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { arch } from 'node:os'
import { join } from 'node:path'
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'

export interface LayoutOfRootfs {
  /** Directory that becomes the image's one layer. */
  readonly rootfs: string
  /** Directory to make the OCI image layout in. */
  readonly layout: string
  /** What the layout calls the image, "busybox:1". */
  readonly name: string
  /** The image's container configuration: Env, Cmd, User, … */
  readonly config: Readonly<Record<string, unknown>>
}

/** Writes a directory as a one-layer image in an OCI image layout, with nothing but tar. The same tree gives the same image. */
export async function writeImageLayout({ rootfs, layout, name, config }: LayoutOfRootfs): Promise<void> {
  const blobs = join(layout, 'blobs', 'sha256')
  mkdirSync(blobs, { recursive: true })
  const layer = await writeLayer(rootfs, blobs)
  const architecture = { x64: 'amd64' }[arch() as string] ?? arch()
  const imageConfig = writeDocument(blobs, 'application/vnd.oci.image.config.v1+json', {
    created: '1970-01-01T00:00:00Z',
    architecture,
    os: 'linux',
    config,
    rootfs: { type: 'layers', diff_ids: [layer.diffID] },
    history: [{ created: '1970-01-01T00:00:00Z', created_by: `files of ${name}` }],
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = writeDocument(blobs, mediaType, {
    schemaVersion: 2,
    mediaType,
    config: imageConfig,
    layers: [layer.descriptor],
  })
  const annotations = { 'org.opencontainers.image.ref.name': name }
  const entry = { ...manifest, platform: { architecture, os: 'linux' }, annotations }
  writeFileSync(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [entry] }))
  writeFileSync(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }))
}

interface BlobDescriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

async function writeLayer(
  rootfs: string,
  blobs: string,
): Promise<{ readonly descriptor: BlobDescriptor; readonly diffID: string }> {
  const args = [
    '--sort=name',
    '--numeric-owner',
    '--clamp-mtime',
    '--mtime=@1700000000',
    '--format=pax',
    '--xattrs',
    '--xattrs-include=*',
  ]
  const stable = '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime'
  const tar = spawn('tar', [...args, stable, '-C', rootfs, '-cf', '-', '.'], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<number | null>((resolve, reject) => tar.once('error', reject).once('close', resolve))
  const plain = digesting()
  const packed = digesting()
  const path = join(blobs, 'layer.partial')
  await pipeline(tar.stdout, plain.stream, createGzip({ level: 6 }), packed.stream, createWriteStream(path))
  if ((await ended) !== 0) throw new Error(`tar cannot read ${rootfs}`)
  const { digest, size } = packed.result()
  renameSync(path, join(blobs, digest.slice('sha256:'.length)))
  const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
  return { descriptor: { mediaType, digest, size }, diffID: plain.result().digest }
}

function writeDocument(blobs: string, mediaType: string, document: object): BlobDescriptor {
  const bytes = JSON.stringify(document)
  const hex = createHash('sha256').update(bytes).digest('hex')
  writeFileSync(join(blobs, hex), bytes)
  return { mediaType, digest: `sha256:${hex}`, size: Buffer.byteLength(bytes) }
}

function digesting(): { readonly stream: Transform; result(): { digest: string; size: number } } {
  const hasher = createHash('sha256')
  let size = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hasher.update(chunk)
      size += chunk.length
      done(null, chunk)
    },
  })
  return { stream, result: () => ({ digest: `sha256:${hasher.digest('hex')}`, size }) }
}
