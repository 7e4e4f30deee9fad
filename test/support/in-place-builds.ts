import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { busyboxImage, debianImage, type LayoutImage } from './bases.ts'
import type { CommandResult } from './command.ts'
import { type Podman, podman } from './containers.ts'
import { type ContextEntry, makeContext } from './context.ts'
import { warm } from './hearth.ts'
import { type ImageTree, readImage } from './image-tree.ts'
import { projectImagesLayout } from './kube-images.ts'
import { type Lifetime, temporaryDirectory } from './temp.ts'

/** A build in a new container of hearth's own image. */
export interface BuildInContainer {
  readonly dockerfile: string
  readonly files?: Readonly<Record<string, ContextEntry>>
  readonly args?: readonly string[]
  /** For podman. */
  readonly flags?: readonly string[]
  /**
   * A shell script to run in the container instead, in which `build` and its arguments stand for the executor with all of
   * its flags. It has /kaniko/bin/busybox on its PATH, and nothing else.
   */
  readonly script?: string
}

export interface BuiltInContainer {
  readonly result: CommandResult
  /** Directory of the OCI layout. */
  readonly layout: string
  /** What the container sees as /out. */
  readonly out: string
}

export interface InPlaceBuilds {
  readonly directory: string
  readonly container: Podman
  /** Directory with the warmed bases, /cache in containers. */
  readonly cache: string
  /** Runs hearth's image on a context, with the warmed bases, an output directory and nothing else. */
  attempt(request: BuildInContainer): Promise<BuiltInContainer>
  /** The same, which must succeed. */
  succeeds(request: BuildInContainer): Promise<BuiltInContainer>
  /** The files of an image that was built. */
  tree(built: BuiltInContainer): Promise<ImageTree>
}

export const executorImage = 'localhost/hearth:executor'

/** Prepares builds in containers for a test file: the image, and the bases as "busybox:1", "debian:12" and what else is given. */
export async function openInPlaceBuilds(
  owner: Lifetime,
  more: (directory: string) => Promise<readonly LayoutImage[]> = async () => [],
): Promise<InPlaceBuilds> {
  const directory = temporaryDirectory(owner)
  const container = podman(directory)
  const cache = join(directory, 'cache')
  const bases = [await busyboxImage(directory), debianImage(), ...(await more(directory))]
  await warm([...bases.flatMap(({ layout, name }) => ['--image', `oci:${layout}:${name}`]), '--cache-dir', cache])
  const id = await container.command(['pull', '--quiet', `oci:${await projectImagesLayout()}:executor`])
  await container.command(['tag', id.trim(), executorImage])
  const attempt: InPlaceBuilds['attempt'] = async ({ dockerfile, files = {}, args = [], flags = [], script }) => {
    const out = mkdtempSync(join(directory, 'out-'))
    const context = makeContext(directory, { Dockerfile: dockerfile, ...files })
    const mounts = [`${context}:/workspace:ro`, `${out}:/out`, `${cache}:/cache:ro`]
    const volumes = mounts.flatMap((volume) => ['-v', volume])
    const tier = args.some((arg) => arg.startsWith('--isolation')) ? [] : ['--isolation=in-place']
    const command = ['--no-push', '--cache', '--log-format=text', '--oci-layout-path=/out/image', ...tier, ...args]
    const layout = join(out, 'image')
    const run = (argv: readonly string[], entry: readonly string[] = []): Promise<CommandResult> =>
      container.run(executorImage, argv, [...volumes, ...flags, ...entry])
    if (script === undefined) return { result: await run(command), layout, out }
    const shell = [
      'PATH=/kaniko/bin',
      ...['cat', 'echo', 'grep', 'ls', 'mkdir', 'test', 'touch', 'stat', 'mv', 'rm'].map(
        (name) => `${name}() { busybox ${name} "$@"; }`,
      ),
      `build() { /kaniko/executor ${command.join(' ')} "$@"; }`,
      script,
    ]
    return { result: await run(['sh', '-c', shell.join('\n')], ['--entrypoint', '/kaniko/bin/busybox']), layout, out }
  }
  const succeeds: InPlaceBuilds['succeeds'] = async (request) => {
    const built = await attempt(request)
    assert.equal(built.result.code, 0, `${built.result.stdout}${built.result.stderr}`)
    return built
  }
  const tree = async ({ layout }: BuiltInContainer): Promise<ImageTree> =>
    (await readImage(`oci:${layout}`, mkdtempSync(join(directory, 'read-')))).tree
  return { directory, container, cache, attempt, succeeds, tree }
}

/** The digest of the only image in an OCI layout. */
export function digestIn(layout: string): string {
  return JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8')).manifests[0].digest
}
