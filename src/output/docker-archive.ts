import { randomUUID } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { onDiskOf } from '../content/disk-error.ts'
import type { FinishedImage } from '../image/image.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { splitDigest } from '../oci/digest.ts'
import { layerCompression } from '../oci/media-type.ts'
import { dockerHub, type Reference } from '../oci/reference.ts'
import { bytesOf } from '../stream/bytes.ts'
import { type PlainFile, packArchive } from '../tar/plain-archive.ts'
import { blobsOf } from './copy-image.ts'
import type { Output, WriteOptions } from './output.ts'

export interface DockerArchiveOptions {
  readonly path: string
  /** The names the image gets when it is loaded. */
  readonly tags: readonly Reference[]
}

/** A tar file as `docker save` writes them, for `docker load` and `podman load`. It appears whole or not at all. */
export function dockerArchive({ path, tags }: DockerArchiveOptions): Output {
  return { title: path, write: (image, options = {}) => writeArchive(path, archiveFiles(image, tags), options) }
}

async function writeArchive(path: string, files: readonly PlainFile[], { signal }: WriteOptions): Promise<void> {
  const directory = dirname(path)
  const temporary = join(directory, `.${basename(path)}.${randomUUID()}.tmp`)
  try {
    await onDiskOf(directory, mkdir(directory, { recursive: true }))
    await save(temporary, files, signal)
    await onDiskOf(directory, rename(temporary, path))
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {})
    throw error
  }
}

async function save(path: string, files: readonly PlainFile[], signal: AbortSignal | undefined): Promise<void> {
  let source: unknown
  async function* packed(): AsyncIterable<Uint8Array> {
    try {
      yield* packArchive(files)
    } catch (error) {
      source = error
      throw error
    }
  }
  const file = createWriteStream(path, { flags: 'wx', mode: 0o644, highWaterMark: 1 << 20, flush: true })
  const stream = Readable.from(packed(), { objectMode: false, highWaterMark: 1 << 20 })
  try {
    await pipeline(stream, file, { ...(signal === undefined ? {} : { signal }) })
  } catch (error) {
    signal?.throwIfAborted()
    // A layer that cannot be read has its own story; anything else happened to the file.
    if (source !== undefined) throw source
    await onDiskOf(dirname(path), Promise.reject(error))
  }
}

/** Docker reads members by name, so their order is free: what describes the image comes first. */
function archiveFiles(image: FinishedImage, tags: readonly Reference[]): readonly PlainFile[] {
  const manifest = [
    {
      Config: memberName(image.configDescriptor),
      RepoTags: tags.length === 0 ? [nameless] : [...new Set(tags.map(repoTag))],
      Layers: image.layers.map((layer) => memberName(layer.descriptor)),
    },
  ]
  const bytes = new TextEncoder().encode(JSON.stringify(manifest))
  const blobs = blobsOf(image).map(({ descriptor, open }) => {
    return { name: memberName(descriptor), size: descriptor.size, content: open }
  })
  return [{ name: 'manifest.json', size: bytes.byteLength, content: () => bytesOf(bytes) }, ...blobs]
}

/** What kaniko calls an image without a destination. */
const nameless = 'docker.io/unset-repo/unset-image-name:latest'

const extensions = { none: '.tar', gzip: '.tar.gz', zstd: '.tar.zst' } as const

function memberName({ digest, mediaType }: Descriptor): string {
  const compression = layerCompression(mediaType)
  return `${splitDigest(digest).hex}${compression === undefined ? '.json' : extensions[compression]}`
}

function repoTag({ registry, repository, tag }: Reference): string {
  return `${registry === dockerHub ? 'docker.io' : registry}/${repository}:${tag ?? 'latest'}`
}
