import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after } from 'node:test'
import { busyboxImage, debianImage, type LayoutImage, pushImage } from './bases.ts'
import { type CommandResult, succeeded } from './command.ts'
import { type ContextEntry, makeContext } from './context.ts'
import { type HearthOptions, hearth } from './hearth.ts'
import { type ImageContents, readImage } from './image-tree.ts'
import { type RunningRegistry, startRegistry } from './registry.ts'
import { temporaryDirectory } from './temp.ts'

/** What the end-to-end tests of one file share: a registry with base images, and a directory for everything else. */
export interface Scene {
  readonly directory: string
  readonly registry: RunningRegistry
  /** The busybox base: on disk, and its reference in the registry. */
  readonly busyboxLayout: LayoutImage
  readonly busybox: string
  /** A new empty directory that goes with the scene. */
  newDirectory(): string
  /** Makes a context and runs the executor on it, whatever comes of it. */
  attempt(request: BuildRequest): Promise<CommandResult>
  /** Like attempt, but must succeed; the image goes to a new OCI layout as well. */
  image(request: BuildRequest): Promise<BuiltImage>
}

export interface BuildRequest extends HearthOptions {
  /** Text of the context's Dockerfile; none when the test names one itself. */
  readonly dockerfile?: string
  readonly files?: Readonly<Record<string, ContextEntry>>
  /** A context made before, in place of a new one of `dockerfile` and `files`. */
  readonly context?: string
  readonly args?: readonly string[]
}

export interface BuiltImage {
  readonly result: CommandResult
  readonly layout: string
  /** Manifest digest in the layout. */
  readonly digest: string
  /** Layer digests, the base's first. */
  readonly layers: readonly string[]
  read(): Promise<ImageContents>
  /** The files of the image. */
  tree(): Promise<ImageContents['tree']>
}

/** Opens a scene that lasts as long as the test file. */
export async function openScene(): Promise<Scene> {
  const directory = temporaryDirectory({ after })
  const registry = await startRegistry()
  after(() => registry.stop())
  const { busyboxLayout, busybox } = await furnish(directory, registry)
  const newDirectory = (): string => mkdtempSync(join(directory, 'd-'))
  const attempt = (request: BuildRequest): Promise<CommandResult> => {
    const context = contextOf(request, directory)
    return hearth(['--context', context, ...(request.args ?? [])], { cwd: context, ...request })
  }
  const image = async (request: BuildRequest): Promise<BuiltImage> => {
    const layout = join(newDirectory(), 'image')
    const context = contextOf(request, directory)
    const pushes = request.args?.some((arg) => /^(?:-d|--destination)/.test(arg)) === true
    const args = [...(pushes ? [] : ['--no-push']), '--oci-layout-path', layout, ...(request.args ?? [])]
    const result = succeeded(await attempt({ ...request, context, args }), ['hearth-executor', ...args])
    return builtImage(result, layout, newDirectory())
  }
  return { directory, registry, busyboxLayout, busybox, newDirectory, attempt, image }
}

/** Puts the minimal Debian into a scene's registry; gives its reference there. */
export function addDebian(scene: Scene): Promise<string> {
  return pushImage(debianImage(), scene.registry.host)
}

/** An error here would end the file before its hooks run, so the registry is stopped first. */
async function furnish(
  directory: string,
  registry: RunningRegistry,
): Promise<{ readonly busyboxLayout: LayoutImage; readonly busybox: string }> {
  try {
    const busyboxLayout = await busyboxImage(directory)
    return { busyboxLayout, busybox: await pushImage(busyboxLayout, registry.host) }
  } catch (error) {
    await registry.stop()
    throw error
  }
}

function contextOf(request: BuildRequest, directory: string): string {
  if (request.context !== undefined) return request.context
  const own = request.dockerfile === undefined ? {} : { Dockerfile: request.dockerfile }
  return makeContext(directory, { ...own, ...request.files })
}

function builtImage(result: CommandResult, layout: string, directory: string): BuiltImage {
  const json = (path: string): Record<string, { digest: string }[]> =>
    JSON.parse(readFileSync(join(layout, path), 'utf8'))
  const digest = json('index.json').manifests?.at(-1)?.digest ?? ''
  const layers = json(`blobs/${digest.replace(':', '/')}`).layers?.map((layer) => layer.digest) ?? []
  const read = (): Promise<ImageContents> => readImage(`oci:${layout}`, directory)
  return { result, layout, digest, layers, read, tree: async () => (await read()).tree }
}
