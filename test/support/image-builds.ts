import { cpSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianImage, type LayoutImage } from './bases.ts'
import { buildah } from './containers.ts'
import { checkout } from './dist.ts'
import { nodeImage } from './image-bases.ts'

/** The images the project's Dockerfiles make, and how. */
export const imageTargets = {
  slim: { dockerfile: 'Dockerfile.executor', target: 'slim' },
  executor: { dockerfile: 'Dockerfile.executor', target: 'executor' },
  debug: { dockerfile: 'Dockerfile.executor', target: 'debug' },
  warmer: { dockerfile: 'Dockerfile.warmer', target: 'warmer' },
} as const
export type ImageName = keyof typeof imageTargets
export const imageNames: readonly ImageName[] = ['slim', 'executor', 'debug', 'warmer']

export interface LayerOnDisk {
  readonly digest: string
  /** Compressed. */
  readonly size: number
}

/** An image as its manifest and configuration have it. */
export interface ImageOnDisk {
  readonly digest: string
  readonly config: ImageConfig
  readonly layers: readonly LayerOnDisk[]
}

export interface ImageConfig {
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
  readonly Volumes?: Readonly<Record<string, object>>
}

/** Has buildah make all images of the checkout from bases like the public ones; gives an OCI layout below `directory`. */
export async function buildProjectImages(directory: string): Promise<string> {
  const tool = buildah(directory)
  const layout = join(directory, 'images')
  const context = frozenCheckout(directory)
  const bases = ['--build-arg', `NODE_IMAGE=${transported(await nodeImage())}`]
  bases.push('--build-arg', `DEBIAN_IMAGE=${transported(debianImage())}`)
  // One after the other: the next one uses the layers of the last.
  for (const name of imageNames) {
    const { dockerfile, target } = imageTargets[name]
    const image = `localhost/${name}`
    const form = ['--isolation', 'chroot', '--layers', '--file', join(context, dockerfile), '--target', target]
    await tool(['bud', ...form, ...bases, '--tag', image, context], { timeout: 600 })
    await tool(['push', '--quiet', image, `oci:${layout}:${name}`])
  }
  return layout
}

/** A copy of the checkout: all images are made of the same files, whatever is edited in the meantime. */
export function frozenCheckout(directory: string): string {
  const context = join(directory, 'context')
  const left = new Set(['.git', 'node_modules', 'dist', 'out'])
  for (const name of readdirSync(checkout).filter((entry) => !left.has(entry))) {
    cpSync(join(checkout, name), join(context, name), { recursive: true })
  }
  return context
}

function transported({ layout, name }: LayoutImage): string {
  return `oci:${layout}:${name}`
}

/** What an OCI layout says of an image. */
export function readLayoutImage(layout: string, name: string): ImageOnDisk {
  const read = (path: string): unknown => JSON.parse(readFileSync(join(layout, path), 'utf8'))
  const blob = ({ digest }: { readonly digest: string }): unknown => read(`blobs/${digest.replace(':', '/')}`)
  const index = read('index.json') as { manifests: { digest: string; annotations?: Record<string, string> }[] }
  const entry = index.manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === name)
  const manifest = blob(entry!) as { config: { digest: string }; layers: LayerOnDisk[] }
  const { config } = blob(manifest.config) as { config: ImageConfig }
  return { config, layers: manifest.layers, digest: entry!.digest }
}
