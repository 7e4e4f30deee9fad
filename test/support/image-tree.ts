import { createHash } from 'node:crypto'
import {
  type BigIntStats,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { run } from './command.ts'
import { removeDirectory } from './temp.ts'

/** One file of an image, in values that compare. */
export interface TreeFile {
  readonly type: 'file' | 'directory' | 'symlink' | 'character' | 'block' | 'fifo' | 'socket'
  /** Permission bits with setuid, setgid and sticky, "4755". */
  readonly mode: string
  /** "0:0" */
  readonly owner: string
  readonly size?: number
  readonly sha256?: string
  readonly target?: string
  /** "1:3" */
  readonly device?: string
  /** name → hexadecimal value */
  readonly xattrs?: Readonly<Record<string, string>>
  /** First path of the group of names that are one file. */
  readonly sameAs?: string
  /** Whole seconds and nanoseconds, "1700000000.000000000". */
  readonly mtime: string
}

/** Path ("" is the root, "etc/passwd") → file. Names are latin1 texts, one character per byte. */
export type ImageTree = ReadonlyMap<string, TreeFile>

export interface ImageContents {
  readonly tree: ImageTree
  /** The image configuration document, as stored. */
  readonly config: ImageConfiguration
  readonly manifest: { readonly mediaType: string; readonly annotations?: Record<string, string> }
}

export interface ImageConfiguration {
  readonly architecture: string
  readonly os: string
  readonly created?: string
  readonly author?: string
  readonly config: Readonly<Record<string, unknown>>
  readonly rootfs: { readonly diff_ids: readonly string[] }
  readonly history?: readonly {
    readonly created?: string
    readonly created_by?: string
    readonly empty_layer?: boolean
  }[]
}

/**
 * Reads an image with skopeo and umoci: `source` is what skopeo calls it ("docker://…", "oci:dir:name",
 * "docker-archive:file"). Unpacks below `directory`, and removes that again.
 */
export async function readImage(source: string, directory: string): Promise<ImageContents> {
  const work = mkdtempSync(join(directory, 'image-'))
  try {
    await skopeo(['copy', '--quiet', '--src-tls-verify=false', source, `oci:${work}/layout:image`])
    await run('umoci', ['raw', 'unpack', '--image', `${work}/layout:image`, `${work}/rootfs`])
    const config = JSON.parse(await skopeo(['inspect', '--config', '--raw', ...tls(source), source]))
    const manifest = JSON.parse(await skopeo(['inspect', '--raw', ...tls(source), source]))
    return { config, manifest, tree: await readTree(`${work}/rootfs`) }
  } finally {
    removeDirectory(work)
  }
}

/** Reads an OCI layout that holds one image. Does what `readImage` does, with fewer programs. */
export function readLayout(layout: string, directory: string): Promise<ImageContents> {
  const index = readJson(join(layout, 'index.json'))
  const blobs = join(layout, 'blobs/sha256')
  return readBlobs(blobs, readJson(join(blobs, encodedOf(index.manifests.at(-1)))), directory)
}

/** Reads an image of Docker's format in a directory that buildah calls "dir:". */
export function readDockerDirectory(image: string, directory: string): Promise<ImageContents> {
  return readBlobs(image, readJson(join(image, 'manifest.json')), directory)
}

interface Descriptor {
  readonly mediaType: string
  readonly digest: string
  readonly size: number
}

interface Manifest {
  readonly mediaType: string
  readonly config: Descriptor
  readonly layers: readonly Descriptor[]
}

/** Unpacks the layers with umoci, which takes layouts of its own kind only. */
async function readBlobs(blobs: string, manifest: Manifest, directory: string): Promise<ImageContents> {
  const work = mkdtempSync(join(directory, 'image-'))
  try {
    const { config, layers } = manifest
    const own = join(work, 'blobs/sha256')
    mkdirSync(own, { recursive: true })
    for (const name of new Set([config, ...layers].map(encodedOf))) symlinkSync(join(blobs, name), join(own, name))
    const text = JSON.stringify({
      schemaVersion: 2,
      config: { ...config, mediaType: 'application/vnd.oci.image.config.v1+json' },
      layers: layers.map((layer) => ({ ...layer, mediaType: layerType(layer) })),
    })
    const encoded = createHash('sha256').update(text).digest('hex')
    writeFileSync(join(own, encoded), text)
    const named = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: `sha256:${encoded}`,
      size: text.length,
      annotations: { 'org.opencontainers.image.ref.name': 'image' },
    }
    writeFileSync(join(work, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [named] }))
    writeFileSync(join(work, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
    await run('umoci', ['raw', 'unpack', '--image', `${work}:image`, `${work}/rootfs`])
    return { config: readJson(join(blobs, encodedOf(config))), manifest, tree: await readTree(`${work}/rootfs`) }
  } finally {
    removeDirectory(work)
  }
}

function layerType({ mediaType }: Descriptor): string {
  const compression = /gzip|zstd/.exec(mediaType)?.[0]
  return `application/vnd.oci.image.layer.v1.tar${compression === undefined ? '' : `+${compression}`}`
}

function encodedOf({ digest }: { readonly digest: string }): string {
  return digest.slice('sha256:'.length)
}

function readJson(path: string) {
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** skopeo with the machine's signature policy set aside. */
export function skopeo(args: readonly string[]): Promise<string> {
  return run('skopeo', ['--insecure-policy', ...args])
}

function tls(source: string): readonly string[] {
  return source.startsWith('docker://') ? ['--tls-verify=false'] : []
}

/** Lists a directory tree; getfattr reads the extended attributes. */
export async function readTree(root: string): Promise<ImageTree> {
  const xattrs = await readXattrs(root)
  const groups = new Map<bigint, string>()
  const tree = new Map<string, TreeFile>()
  const waiting = ['']
  for (let path = waiting.shift(); path !== undefined; path = waiting.shift()) {
    const full = Buffer.from(`${root}/${path}`, 'latin1')
    const stat = lstatSync(full, { bigint: true })
    const first = groups.get(stat.ino) ?? path
    if (!stat.isDirectory()) groups.set(stat.ino, first)
    const attributes = xattrs.get(path)
    tree.set(path, {
      ...describe(full, stat),
      ...(attributes === undefined ? {} : { xattrs: attributes }),
      ...(stat.nlink > 1n && !stat.isDirectory() ? { sameAs: first } : {}),
    })
    if (!stat.isDirectory()) continue
    const names = readdirSync(full, { encoding: 'latin1' }).sort()
    waiting.push(...names.map((name) => (path === '' ? name : `${path}/${name}`)))
  }
  return tree
}

function describe(path: Buffer, stat: BigIntStats): TreeFile {
  const mode = (stat.mode & 0o7777n).toString(8)
  const owner = `${stat.uid}:${stat.gid}`
  const mtime = `${stat.mtimeNs / 1_000_000_000n}.${String(stat.mtimeNs % 1_000_000_000n).padStart(9, '0')}`
  const common = { mode, owner, mtime }
  if (stat.isFile()) {
    const sha256 = createHash('sha256').update(readFileSync(path)).digest('hex')
    return { type: 'file', ...common, size: Number(stat.size), sha256 }
  }
  if (stat.isDirectory()) return { type: 'directory', ...common }
  if (stat.isSymbolicLink()) return { type: 'symlink', ...common, target: readlinkSync(path, 'latin1') }
  const device = `${stat.rdev >> 8n}:${stat.rdev & 0xffn}`
  if (stat.isCharacterDevice()) return { type: 'character', ...common, device }
  if (stat.isBlockDevice()) return { type: 'block', ...common, device }
  return { type: stat.isFIFO() ? 'fifo' : 'socket', ...common }
}

async function readXattrs(root: string): Promise<Map<string, Record<string, string>>> {
  const dump = await run('getfattr', ['-R', '-h', '-P', '-d', '-m', '-', '-e', 'hex', '.'], { cwd: root })
  const found = new Map<string, Record<string, string>>()
  for (const block of dump.split('\n\n')) {
    const [title, ...lines] = block.split('\n')
    if (title === undefined || !title.startsWith('# file: ')) continue
    const values = lines
      .map((line) => line.split('=0x') as [string, string])
      .filter(([name]) => name !== 'security.selinux')
    const path = unescaped(title.slice('# file: '.length)).replace(/^\.\/?/, '')
    if (values.length > 0) found.set(path, Object.fromEntries(values))
  }
  return found
}

/** getfattr writes unusual bytes of a name as a backslash and three octal digits. */
function unescaped(name: string): string {
  return name.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}

/** Differences between two trees, one line each; equal trees give none. Times are left out unless asked for. */
export function compareTrees(
  left: ImageTree,
  right: ImageTree,
  o: { readonly times?: boolean } = {},
): readonly string[] {
  const lines: string[] = []
  for (const path of new Set([...left.keys(), ...right.keys()])) {
    const [a, b] = [shown(left.get(path), o), shown(right.get(path), o)]
    if (a !== b) lines.push(`/${path}: ${a} | ${b}`)
  }
  return lines.sort()
}

function shown(file: TreeFile | undefined, o: { readonly times?: boolean }): string {
  if (file === undefined) return 'missing'
  const { mtime, ...rest } = file
  return JSON.stringify(o.times === true ? file : rest)
}
