import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runExecutor } from '../../src/cli/executor.ts'
import { busyboxImage, debianImage, pushImage } from '../support/bases.ts'
import { run } from '../support/command.ts'
import { buildah, type ContainerTool } from '../support/containers.ts'
import { testCacheDirectory } from '../support/debian-base.ts'
import { executorPath } from '../support/dist.ts'
import { type ImageContents, readDockerDirectory, readLayout, readTree } from '../support/image-tree.ts'
import { noInput } from '../support/no-input.ts'
import { type RunningRegistry, startRegistry } from '../support/registry.ts'
import type { ImageCase, WrongCase } from './case.ts'
import { type FileServer, startFileServer } from './file-server.ts'

type AnyCase = ImageCase | WrongCase

/** A built image, or what the builder said when it would not. */
export type Outcome =
  | { readonly kind: 'image'; readonly image: ImageContents }
  | { readonly kind: 'failed'; readonly says: string }

/** Both builders, and the base images and the web server that their Dockerfiles are about. */
export class Builders implements AsyncDisposable {
  readonly #directory: string
  readonly #registry: RunningRegistry
  readonly #server: FileServer
  readonly #buildArgs: readonly string[]
  readonly #tool: ContainerTool
  /** A file that is given as the secret "token". */
  readonly #token: string
  /** What an image depends on besides its case. */
  readonly #surroundings: string

  static async open(directory: string): Promise<Builders> {
    const registry = await startRegistry()
    try {
      const layout = await busyboxImage(directory)
      const busybox = await pushImage(layout, registry.host)
      const debian = await pushImage(debianImage(), registry.host)
      const server = await startFileServer()
      const version = await run('buildah', ['--version'])
      const base = [...(await readTree(join(layout.layout, '../rootfs')))].map(([path, { mtime, ...file }]) => [
        path,
        file,
      ])
      const surroundings = [cacheVersion, version, base, readFileSync(join(debianImage().layout, 'index.json'), 'utf8')]
      return new Builders({ directory, registry, server, bases: { busybox, debian }, surroundings })
    } catch (error) {
      await registry.stop()
      throw error
    }
  }

  private constructor(parts: BuilderParts) {
    const { directory, registry, server, bases, surroundings } = parts
    this.#directory = directory
    this.#registry = registry
    this.#server = server
    this.#buildArgs = [`BASE=${bases.busybox}`, `DEBIAN=${bases.debian}`, `SERVER=http://${server.host}`]
    this.#tool = buildah(directory)
    this.#token = join(directory, 'token')
    writeFileSync(this.#token, 'not really secret\n')
    this.#surroundings = digestOf(surroundings)
  }

  /** Runs the executor's program in this process, as `bin` would run it in one of its own. */
  async hearth(built: AnyCase, context: string): Promise<Outcome> {
    const own = mkdtempSync(join(this.#directory, 'ours-'))
    const layout = join(own, 'image')
    const printed: string[] = []
    const sink = { write: (text: string) => printed.push(text) }
    const quiet = ['--log-format', 'text', '--verbosity', 'error']
    const argv = ['--context', context, '--no-push', '--oci-layout-path', layout, ...quiet, ...this.#args(built)]
    const code = await runExecutor({
      command: [process.execPath, executorPath],
      argv,
      env: { PATH: process.env.PATH, HOME: '/nonexistent', DOCKER_CONFIG: '/nonexistent', TMPDIR: own },
      cwd: own,
      stdin: noInput,
      stdout: sink,
      stderr: sink,
      signal: new AbortController().signal,
    })
    if (code !== 0) return { kind: 'failed', says: printed.join('') }
    return { kind: 'image', image: await readLayout(layout, own) }
  }

  /** Builds with buildah, or remembers what it built of the same case before. */
  async buildah(built: AnyCase, context: string): Promise<Outcome> {
    const remembered = join(testCacheDirectory(), 'conformance', `${await this.#keyOf(built, context)}.json`)
    const known = recall(remembered)
    if (known !== undefined) return known
    const outcome = await this.#buildWithBuildah(built, context)
    remember(remembered, outcome)
    return outcome
  }

  /** In Docker's format, which has room for every instruction. */
  async #buildWithBuildah(built: AnyCase, context: string): Promise<Outcome> {
    const own = mkdtempSync(join(this.#directory, 'theirs-'))
    // Its layer cache takes instructions for the same that differ in the values of their variables.
    const cache = ['--layers', '--no-cache']
    const form = ['--isolation', 'chroot', ...cache, '--format', 'docker', '--tls-verify=false', '--quiet']
    const layout = join(own, 'image')
    try {
      await this.#tool(['bud', ...form, ...this.#args(built), '--tag', `dir:${layout}`, context])
    } catch (error) {
      return { kind: 'failed', says: error instanceof Error ? error.message : String(error) }
    }
    return { kind: 'image', image: await readDockerDirectory(layout, own) }
  }

  #args({ buildArgs = [], target }: AnyCase): readonly string[] {
    const given = [...this.#buildArgs, ...buildArgs].flatMap((arg) => ['--build-arg', arg])
    given.push('--secret', `id=token,src=${this.#token}`)
    return target === undefined ? given : [...given, '--target', target]
  }

  async #keyOf({ name, buildArgs, target }: AnyCase, context: string): Promise<string> {
    const files = [...(await readTree(context))]
    return digestOf([this.#surroundings, name, buildArgs, target, files])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([this.#registry.stop(), this.#server[Symbol.asyncDispose]()])
  }
}

/** Another one after a change of how buildah is called or read. */
const cacheVersion = 1

interface BuilderParts {
  readonly directory: string
  readonly registry: RunningRegistry
  readonly server: FileServer
  readonly bases: { readonly busybox: string; readonly debian: string }
  readonly surroundings: unknown
}

function digestOf(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex')
}

function remember(path: string, outcome: Outcome): void {
  const stored = outcome.kind === 'failed' ? outcome : { ...outcome, files: [...outcome.image.tree] }
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(`${path}.${process.pid}`, JSON.stringify(stored))
  renameSync(`${path}.${process.pid}`, path)
}

function recall(path: string): Outcome | undefined {
  try {
    const stored = JSON.parse(readFileSync(path, 'utf8'))
    return stored.kind === 'failed'
      ? stored
      : { kind: 'image', image: { ...stored.image, tree: new Map(stored.files) } }
  } catch {
    rmSync(path, { force: true })
    return undefined
  }
}
