import { cpSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { debianImage, type LayoutImage } from './bases.ts'
import { buildah, type Podman, podman } from './containers.ts'
import { checkout } from './dist.ts'
import { nodeImage } from './image-bases.ts'
import { type ImageTree, readImage } from './image-tree.ts'

/** The images the project's Dockerfiles make, and how. */
export const imageTargets = {
  slim: { dockerfile: 'Dockerfile.executor', target: 'slim' },
  executor: { dockerfile: 'Dockerfile.executor', target: 'executor' },
  debug: { dockerfile: 'Dockerfile.executor', target: 'debug' },
  warmer: { dockerfile: 'Dockerfile.warmer', target: 'warmer' },
} as const
export type ImageName = keyof typeof imageTargets

export interface LayerOnDisk {
  readonly digest: string
  /** Compressed. */
  readonly size: number
}

export interface ProjectImage {
  /** Its name for podman. */
  readonly name: string
  readonly config: ImageConfig
  readonly layers: readonly LayerOnDisk[]
  /** Its files, unpacked for each call. */
  tree(): Promise<ImageTree>
}

export interface ImageConfig {
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly User?: string
  readonly WorkingDir?: string
  readonly Volumes?: Readonly<Record<string, object>>
}

export interface ProjectImages {
  readonly images: Readonly<Record<ImageName, ProjectImage>>
  readonly container: Podman
}

/** Has buildah make all images of the checkout, below `directory`, from bases like the public ones; podman has them then. */
export async function buildProjectImages(directory: string): Promise<ProjectImages> {
  const tool = buildah(directory)
  const container = podman(directory)
  const layout = join(directory, 'images')
  const context = frozenCheckout(directory)
  const bases = ['--build-arg', `NODE_IMAGE=${transported(await nodeImage())}`]
  bases.push('--build-arg', `DEBIAN_IMAGE=${transported(debianImage())}`)
  const make = async (name: ImageName): Promise<ProjectImage> => {
    const { dockerfile, target } = imageTargets[name]
    const image = `localhost/${name}`
    const form = ['--isolation', 'chroot', '--layers', '--file', join(context, dockerfile), '--target', target]
    await tool(['bud', ...form, ...bases, '--tag', image, context], { timeout: 600 })
    await tool(['push', '--quiet', image, `oci:${layout}:${name}`])
    // podman makes a name of the path, and names have no capital letters.
    const pulled = (await container.command(['pull', '--quiet', `oci:images:${name}`], { cwd: directory })).trim()
    await container.command(['tag', pulled, image])
    const tree = async (): Promise<ImageTree> => {
      return (await readImage(`oci:${layout}:${name}`, mkdtempSync(join(directory, 'tree-')))).tree
    }
    return { name: image, ...readLayoutImage(layout, name), tree }
  }
  // One after the other: the next one uses the layers of the last.
  const slim = await make('slim')
  const executor = await make('executor')
  const debug = await make('debug')
  const warmer = await make('warmer')
  return { images: { slim, executor, debug, warmer }, container }
}

/** A copy of the checkout: all images are made of the same files, whatever is edited in the meantime. */
function frozenCheckout(directory: string): string {
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

function readLayoutImage(layout: string, name: string): Pick<ProjectImage, 'config' | 'layers'> {
  const read = (path: string): unknown => JSON.parse(readFileSync(join(layout, path), 'utf8'))
  const blob = ({ digest }: { readonly digest: string }): unknown => read(`blobs/${digest.replace(':', '/')}`)
  const index = read('index.json') as { manifests: { digest: string; annotations?: Record<string, string> }[] }
  const entry = index.manifests.find(({ annotations }) => annotations?.['org.opencontainers.image.ref.name'] === name)
  const manifest = blob(entry!) as { config: { digest: string }; layers: LayerOnDisk[] }
  const { config } = blob(manifest.config) as { config: ImageConfig }
  return { config, layers: manifest.layers }
}
