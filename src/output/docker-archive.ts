import { writeStreamAtomically } from '../content/streamed-file.ts'
import type { FinishedImage } from '../image/image.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { splitDigest } from '../oci/digest.ts'
import { layerCompression } from '../oci/media-type.ts'
import { dockerHub, type Reference } from '../oci/reference.ts'
import { bytesOf } from '../stream/bytes.ts'
import { type PlainFile, packArchive } from '../tar/plain-archive.ts'
import { blobsOf } from './copy-image.ts'
import type { Output } from './output.ts'

export interface DockerArchiveOptions {
  readonly path: string
  /** The names the image gets when it is loaded. */
  readonly tags: readonly Reference[]
}

/** A tar file as `docker save` writes them, for `docker load` and `podman load`. It appears whole or not at all. */
export function dockerArchive({ path, tags }: DockerArchiveOptions): Output {
  return {
    title: path,
    write: (image, options = {}) => writeStreamAtomically(path, packArchive(archiveFiles(image, tags)), options),
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
