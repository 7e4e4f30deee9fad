import { createHash } from 'node:crypto'
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import { debianImage, type LayoutImage } from './bases.ts'
import { run } from './command.ts'
import { testCacheDirectory } from './debian-base.ts'
import { removeDirectory } from './temp.ts'

/**
 * An image like Docker Hub's "node": Debian with the Node that runs this, npm, and the machine's way to the registry of
 * packages. Made once and kept with the other bases; again when Node, npm or the way to the registry is another.
 */
export async function nodeImage(): Promise<LayoutImage> {
  const npm = await npmOfTheMachine()
  const identity = createHash('sha256').update(JSON.stringify([debianImage().layout, process.version, npm]))
  const layout = join(testCacheDirectory(), `node-${process.arch}-${identity.digest('hex').slice(0, 12)}`)
  if (!existsSync(layout)) await makeNodeLayout(layout, npm)
  return { layout, name: 'node:24' }
}

/** Unpacks the only layer of an image. */
export async function unpackLayout({ layout }: LayoutImage, directory: string): Promise<void> {
  const blob = (digest: string): string => join(layout, 'blobs', digest.replace(':', '/'))
  const read = (path: string): unknown => JSON.parse(readFileSync(path, 'utf8'))
  const index = read(join(layout, 'index.json')) as { readonly manifests: readonly { readonly digest: string }[] }
  const manifest = read(blob(index.manifests[0]!.digest)) as { readonly layers: readonly { readonly digest: string }[] }
  if (manifest.layers.length !== 1) throw new Error(`${layout} has ${manifest.layers.length} layers`)
  await run('tar', ['--xattrs', '--xattrs-include=*', '-C', directory, '-xzf', blob(manifest.layers[0]!.digest)])
}

interface Npm {
  readonly directory: string
  readonly version: string
  /** Lines of an npmrc, without the certificate file. */
  readonly settings: readonly string[]
  /** Text of the authorities to trust. */
  readonly authorities: string
}

const npmDirectory = '/usr/local/lib/node_modules/npm'
const npmAuthorities = '/usr/local/etc/npm-authorities.pem'

async function npmOfTheMachine(): Promise<Npm> {
  const program = (await run('sh', ['-c', 'command -v npm'])).trim()
  const directory = join(dirname(realpathSync(program)), '..')
  const config = JSON.parse(await run('npm', ['config', 'list', '--json'])) as Readonly<Record<string, unknown>>
  const names = ['registry', 'proxy', 'https-proxy', 'noproxy', 'strict-ssl']
  const said = names.filter((name) => typeof config[name] === 'string' || typeof config[name] === 'boolean')
  return {
    directory,
    version: JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).version,
    settings: said.map((name) => `${name}=${config[name]}`),
    authorities: [config.cafile, process.env.NODE_EXTRA_CA_CERTS]
      .filter((path) => typeof path === 'string' && path !== '')
      .map((path) => readFileSync(path as string, 'utf8'))
      .join('\n'),
  }
}

async function makeNodeLayout(layout: string, npm: Npm): Promise<void> {
  const work = mkdtempSync(join(testCacheDirectory(), '.making-'))
  try {
    const rootfs = join(work, 'rootfs')
    mkdirSync(rootfs)
    await unpackLayout(debianImage(), rootfs)
    addNode(rootfs, npm)
    const config = { Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'], Cmd: ['node'] }
    await writeImageLayout({ rootfs, layout: join(work, 'layout'), name: 'node:24', config })
    if (!existsSync(layout)) renameSync(join(work, 'layout'), layout)
  } finally {
    removeDirectory(work)
  }
}

function addNode(rootfs: string, npm: Npm): void {
  copyFileSync(process.execPath, join(rootfs, 'usr/local/bin/node'))
  cpSync(npm.directory, join(rootfs, npmDirectory), { recursive: true })
  symlinkSync(`../lib/node_modules/npm/bin/npm-cli.js`, join(rootfs, 'usr/local/bin/npm'))
  const trusting = npm.authorities === '' ? [] : [`cafile=${npmAuthorities}`]
  writeFileSync(join(rootfs, npmAuthorities), npm.authorities)
  writeFileSync(join(rootfs, 'usr/local/etc/npmrc'), `${[...npm.settings, ...trusting].join('\n')}\n`)
}
