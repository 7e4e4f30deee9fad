import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { busyboxImage } from '../support/bases.ts'
import type { Podman } from '../support/containers.ts'
import { checkout } from '../support/dist.ts'
import { type ImageName, type ImageOnDisk, imageNames, readLayoutImage } from '../support/image-builds.ts'
import { megabytes, sizesInReadme } from '../support/image-sizes.ts'
import { type ImageTree, readImage } from '../support/image-tree.ts'
import { podmanWithImages, projectImagesLayout } from '../support/kube-images.ts'
import { temporaryDirectory } from '../support/temp.ts'

const directory = temporaryDirectory({ after })
let container: Podman
let layout: string
before(async () => {
  layout = await projectImagesLayout()
  container = await podmanWithImages(directory)
})

const said = 'hearth version : 0.1.0\n'
const megabyte = 1_000_000

test('the executor answers, also on a root filesystem that cannot be written', async () => {
  for (const flags of [[], ['--read-only']]) {
    const ran = await run('executor', ['version'], flags)
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, said, ''])
  }
  const help = await run('executor', ['--help'])
  assert.equal(help.code, 0)
  assert.match(help.stdout, /--destination/)
})

test("the executor's program can be started by its path and by its name", async () => {
  for (const entrypoint of ['/kaniko/executor', 'executor']) {
    const ran = await run('executor', ['version'], ['--entrypoint', entrypoint])
    assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, said, ''])
  }
})

test('the executor holds /kaniko, an empty /workspace, a /tmp that is not empty and nothing else', async () => {
  const outside = ['kaniko/', 'tmp/', 'tmp/why-not-empty', 'workspace/']
  assert.deepEqual(await filesOf('executor', /^(?!kaniko\/.)/), outside)
  const top = await filesOf('executor', /^kaniko\/[^/]+\/?$/)
  assert.deepEqual(top, [
    'kaniko/.docker/',
    'kaniko/app/',
    'kaniko/bin/',
    'kaniko/executor',
    'kaniko/image.json',
    'kaniko/lib/',
    'kaniko/licences/',
    'kaniko/package.json',
    'kaniko/ssl/',
    'kaniko/work/',
  ])
  assert.deepEqual(await filesOf('executor', /^kaniko\/bin\/./), ['kaniko/bin/busybox', 'kaniko/bin/node'])
})

test("the executor's configuration is kaniko's, with a volume to work in", () => {
  const { Env, Entrypoint, Cmd, User, WorkingDir, Volumes } = image('executor').config
  const config = { Env: [...(Env ?? [])].sort(), Entrypoint, Cmd, User, WorkingDir, Volumes }
  assert.deepEqual(config, {
    Env: [
      'DOCKER_CONFIG=/kaniko/.docker/',
      'HOME=/root',
      'PATH=/usr/local/bin:/kaniko',
      'SSL_CERT_DIR=/kaniko/ssl/certs',
      'TMPDIR=/kaniko/work',
      'TZ=UTC',
      'USER=root',
    ],
    Entrypoint: ['/kaniko/executor'],
    Cmd: undefined,
    User: undefined,
    WorkingDir: '/workspace',
    Volumes: { '/kaniko/work': {} },
  })
})

test('the image has code for its own platform only, and nothing of the development', async () => {
  const app = await filesOf('debug', /^kaniko\/app\//)
  const lock = JSON.parse(readFileSync(join(checkout, 'package-lock.json'), 'utf8'))
  const packages = app.flatMap((path) => /^kaniko\/app\/(.*)\/package\.json$/.exec(path)?.[1] ?? [])
  assert.ok(packages.includes('node_modules/undici'))
  assert.deepEqual(
    packages.filter((path) => lock.packages[path]?.dev === true),
    [],
  )
  assert.equal(app.filter((path) => path.endsWith('.node')).length, 2)
  assert.deepEqual(
    app.filter((path) => /\.(?:map|ts|c|cc|h|hh)$|\/tests?\/|packaging|\/node-linux-/.test(path)),
    [],
  )
})

test('everything in the image belongs to root and can be read by everybody', async () => {
  const tree = await treeOf('debug')
  assert.ok(tree.size > 500)
  for (const [path, { type, mode, owner }] of tree) {
    if (type === 'symlink') continue
    const wanted = ['kaniko/work', 'tmp'].includes(path)
      ? /^1777 0:0$/
      : type === 'directory'
        ? /^755 0:0$/
        : /^(?:755|644) 0:0$/
    assert.match(`${mode} ${owner}`, wanted, path)
  }
})

test('the executor is no larger than 50 MB as it is pulled, and README.md says how large', (t) => {
  const said = sizesInReadme()
  for (const name of imageNames) {
    const size = image(name).layers.reduce((sum, layer) => sum + layer.size, 0)
    t.diagnostic(`${name}: ${megabytes(size)} compressed`)
    assert.ok(Math.abs(said[name] - size / megabyte) < 0.5, `${name}: ${said[name]} in README.md`)
    if (name !== 'debug') assert.ok(size <= 50 * megabyte)
  }
})

test('all images share the layer with Node and the program', () => {
  const first = imageNames.map((name) => image(name).layers[0]?.digest)
  assert.equal(new Set(first).size, 1)
})

test('the image says that it is one, and what it is made of', async () => {
  const ran = await run('slim', ['-p', 'require("fs").readFileSync("/kaniko/image.json", "utf8")'], nodeItself)
  const said = JSON.parse(ran.stdout)
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  assert.equal(said.hearth, version)
  assert.equal(`v${said.node}`, process.version)
})

test('debug has a shell for scripts of CI systems, on PATH and as /bin/sh', async () => {
  const script = 'cd / && executor version && warmer version && ls -d /busybox && echo "$PATH" | sed s/:/+/g'
  for (const shell of ['sh', '/busybox/sh', '/bin/sh']) {
    const ran = await run('debug', [shell, '-c', script], ['--entrypoint', ''])
    assert.deepEqual([ran.code, ran.stdout], [0, `${said}${said}/busybox\n/usr/local/bin+/kaniko+/busybox\n`])
  }
})

test('the shell of debug is a mount of its own, which the removal of everything else spares', async () => {
  const script =
    'cd / && grep -q " /busybox " /proc/mounts && rm -rf /bin /workspace && ls | grep -q kaniko && executor version'
  const ran = await run('debug', ['sh', '-c', script], ['--entrypoint', ''])
  assert.deepEqual([ran.code, ran.stdout], [0, said])
})

test('slim has no shell, no directory for credentials and no working directory', async () => {
  const ran = await run('slim', ['version'])
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, said, ''])
  assert.deepEqual(await filesOf('slim', /busybox$|\.docker|workspace/), [])
  const { WorkingDir, Env } = image('slim').config
  assert.deepEqual([WorkingDir ?? '/', Env?.some((line) => line.startsWith('DOCKER_CONFIG='))], ['/', false])
})

test('any user may work in the volume of the executor', async () => {
  const script = 'require("fs").mkdtempSync(require("os").tmpdir() + "/x-"); console.log(process.getuid())'
  const ran = await run('executor', ['-e', script], [...nodeItself, '--read-only', '--user', '1000:1000'])
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, '1000\n', ''])
})

test('the warmer fills its cache as an ordinary user, on a root filesystem that cannot be written', async () => {
  const { layout } = await busyboxImage(directory)
  const cache = join(directory, 'cache')
  mkdirSync(cache, { mode: 0o777 })
  const mounts = ['--volume', `${layout}:/images:ro`, '--volume', `${cache}:/cache:U`]
  const bare = ['--read-only', '--read-only-tmpfs=false', '--cap-drop', 'ALL', '--security-opt', 'no-new-privileges']
  const ran = await run('warmer', ['--image', 'oci:/images:busybox:1'], [...bare, ...mounts])
  assert.equal(ran.code, 0, ran.stderr)
  assert.match(ran.stderr, /1 image: 1 warmed|1 warmed/)
  assert.ok(readdirSync(join(cache, 'blobs/sha256')).length >= 3)
  const { User, Entrypoint } = image('warmer').config
  assert.deepEqual([User, Entrypoint], ['65532:65532', ['/kaniko/warmer']])
})

test('the warmer needs no volume to be given: its own will do', async () => {
  const { layout } = await busyboxImage(directory)
  const ran = await run(
    'warmer',
    ['--image', 'oci:/images:busybox:1'],
    ['--read-only', '--volume', `${layout}:/images:ro`],
  )
  assert.equal(ran.code, 0, ran.stderr)
})

test('both Dockerfiles begin with the same stages', () => {
  const beginning = (name: string): string => {
    const text = readFileSync(join(checkout, name), 'utf8')
    return text.slice(text.indexOf('ARG '), text.indexOf('FROM scratch'))
  }
  assert.ok(beginning('Dockerfile.warmer').length > 500)
  assert.equal(beginning('Dockerfile.warmer'), beginning('Dockerfile.executor'))
})

const nodeItself = ['--entrypoint', '/kaniko/bin/node']

function run(name: ImageName, command: readonly string[], flags: readonly string[] = []): ReturnType<Podman['run']> {
  return container.run(`localhost/${name}`, command, flags)
}

function image(name: ImageName): ImageOnDisk {
  return readLayoutImage(layout, name)
}

const trees = new Map<ImageName, ImageTree>()

async function treeOf(name: ImageName): Promise<ImageTree> {
  const read = (): ReturnType<typeof readImage> =>
    readImage(`oci:${layout}:${name}`, mkdtempSync(join(directory, 'tree-')))
  const tree = trees.get(name) ?? (await read()).tree
  trees.set(name, tree)
  return tree
}

/** Paths of an image, those of directories with a slash at their end. */
async function filesOf(name: ImageName, pattern: RegExp): Promise<readonly string[]> {
  const paths = [...(await treeOf(name))].map(([path, { type }]) => (type === 'directory' ? `${path}/` : path))
  return paths.filter((path) => path !== '/' && pattern.test(path)).sort()
}
