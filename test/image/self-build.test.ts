import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, before, test } from 'node:test'
import { debianImage } from '../support/bases.ts'
import { succeeded } from '../support/command.ts'
import { podman } from '../support/containers.ts'
import { cacheSummary, warm } from '../support/hearth.ts'
import { nodeImage } from '../support/image-bases.ts'
import { frozenCheckout, type ImageName, imageTargets, readLayoutImage } from '../support/image-builds.ts'
import { megabytes, sizesInReadme } from '../support/image-sizes.ts'
import { projectImagesLayout } from '../support/kube-images.ts'
import { temporaryDirectory } from '../support/temp.ts'

// hearth builds hearth: buildah's image of it builds its own Dockerfiles, and so does the image that comes of that.

const directory = temporaryDirectory({ after })
const container = podman(directory)
/** A cache directory with the bases and nothing else. */
const bases = join(directory, 'bases')
let context: string

before(async () => {
  context = frozenCheckout(directory)
  const images = [await nodeImage(), debianImage()].flatMap(({ layout, name }) => ['--image', `oci:${layout}:${name}`])
  await warm([...images, '--cache-dir', bases])
})

interface SelfBuild {
  /** The OCI layout. */
  readonly layout: string
  readonly digest: string
  readonly cache: ReturnType<typeof cacheSummary>
  readonly size: number
}

async function imageOf(layout: string, name: string): Promise<string> {
  // podman makes a name of the path, and names have no capital letters.
  const pull = ['pull', '--quiet', `oci:${basename(layout)}:${name}`]
  return (await container.command(pull, { cwd: dirname(layout) })).trim()
}

/** Runs an image of hearth on the checkout, as docker run does it. */
async function buildWith(image: string, wanted: ImageName, cache: string): Promise<SelfBuild> {
  const { dockerfile, target } = imageTargets[wanted]
  const out = mkdtempSync(join(directory, 'out-'))
  const volumes = [`${context}:/workspace:ro`, `${out}:/out`, `${cache}:/cache`].flatMap((volume) => ['-v', volume])
  const args = ['--dockerfile', dockerfile, '--target', target, '--reproducible', '--cache', '--no-push']
  args.push('--build-arg=NODE_IMAGE=docker.io/library/node:24', '--build-arg=DEBIAN_IMAGE=docker.io/library/debian:12')
  // npm and apt need the network.
  const ran = await container.run(image, [...args, '--oci-layout-path=/out/image'], [...volumes, '--network=host'])
  const layout = join(out, 'image')
  const cached = cacheSummary(succeeded(ran, ['executor', ...args]))
  const { digest, layers } = readLayoutImage(layout, 'latest')
  return { layout, digest, cache: cached, size: layers.reduce((sum, layer) => sum + layer.size, 0) }
}

function cacheWithBases(): string {
  const cache = join(mkdtempSync(join(directory, 'cache-')), 'cache')
  // Links, not copies: blobs are never changed.
  execFileSync('cp', ['-al', bases, cache])
  return cache
}

test('the executor in its image builds every image of hearth, and what it has built builds the same again', async (t) => {
  const first = await imageOf(await projectImagesLayout(), 'executor')
  const cache = cacheWithBases()
  const debug = await buildWith(first, 'debug', cache)
  assert.equal(debug.cache.local, 0)
  const again = await buildWith(first, 'debug', cache)
  assert.deepEqual([again.cache.misses, again.digest], [0, debug.digest])

  // The others share all their layers with it but one of the warmer's.
  const executor = await buildWith(first, 'executor', cache)
  const slim = await buildWith(first, 'slim', cache)
  const warmer = await buildWith(first, 'warmer', cache)
  assert.deepEqual([executor.cache.misses, slim.cache.misses, warmer.cache.misses], [0, 0, 1])
  for (const [name, { size }] of Object.entries({ executor, slim, warmer, debug })) {
    t.diagnostic(`${name}: ${megabytes(size)} compressed by hearth`)
  }
  assert.ok(executor.size <= 50_000_000)
  assert.ok(Math.abs(sizesInReadme().executorByHearth - executor.size / 1e6) < 0.5, 'README.md says the size')

  const second = await imageOf(executor.layout, 'latest')
  const anew = await buildWith(second, 'debug', cacheWithBases())
  assert.deepEqual([anew.cache.local, anew.digest], [0, debug.digest])
})
