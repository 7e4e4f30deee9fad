import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { busyboxImage, debianImage, pushImage } from '../support/bases.ts'
import { privateCertificate } from '../support/certificate.ts'
import { assertClearError } from '../support/clear-error.ts'
import { type CommandResult, succeeded } from '../support/command.ts'
import type { Podman } from '../support/containers.ts'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import type { ImageName } from '../support/image-builds.ts'
import { skopeo } from '../support/image-tree.ts'
import { podmanWithImages } from '../support/kube-images.ts'
import { startRegistry } from '../support/registry.ts'
import { temporaryDirectory } from '../support/temp.ts'
import { damagedBlobs, filesBelow } from '../unit/content/support.ts'

// hearth's own images, side by side in containers as on a cluster's nodes.

const directory = temporaryDirectory({ after })
let container: Podman
before(async () => {
  container = await podmanWithImages(directory)
})

test('the programs can be started by their paths in every image that has them', async () => {
  const has: Readonly<Record<string, readonly ImageName[]>> = {
    '/kaniko/executor': ['slim', 'executor', 'debug'],
    '/kaniko/warmer': ['debug', 'warmer'],
  }
  for (const [program, images] of Object.entries(has)) {
    for (const name of images) {
      const ran = await container.run(`localhost/${name}`, ['version'], [`--entrypoint=${program}`])
      assert.deepEqual([ran.code, ran.stdout, ran.stderr], [0, 'hearth version : 0.1.0\n', ''], `${name} ${program}`)
    }
  }
})

interface Volume {
  readonly mode: number
  readonly owner: readonly [uid: number, gid: number]
  /** For podman: in which groups the containers are. */
  readonly flags?: readonly string[]
}

const fsGroup = 2000
const volumes: Readonly<Record<string, Volume>> = {
  "everybody's": { mode: 0o777, owner: [0, 0] },
  "of the Pods' group": { mode: 0o2775, owner: [0, fsGroup], flags: [`--group-add=${fsGroup}`] },
  "the warmer's own": { mode: 0o755, owner: [65_532, 65_532] },
}
/** What each volume had in the end. */
const stored = new Set<string>()

for (const [what, volume] of Object.entries(volumes)) {
  test(`a warmer and two executors at once share a volume that is ${what}`, async () => {
    const cache = makeVolume(volume)
    const shared = ['-v', `${cache}:/cache`, ...(volume.flags ?? [])]
    await using registry = await startRegistry()
    const busybox = await pushImage(await busyboxImage(directory), registry.host)
    const steps = { first: 'RUN echo first > /first\n', second: 'RUN echo second > /second\n' }

    // All begin with an empty volume; who is first with the base is left to chance.
    const online = [...shared, '--network=host']
    const [warmed, same, again] = await Promise.all([
      container.run('localhost/warmer', ['--image', busybox], [...restricted, ...online]),
      executor({ dockerfile: `FROM ${busybox}\n${steps.first}`, flags: online }),
      executor({ dockerfile: `FROM ${busybox}\n${steps.first}`, flags: online }),
    ])
    succeeded(warmed, ['warmer'])
    assert.equal(same.digest, again.digest)
    await registry.stop()

    // From here on nothing can be reached: what is needed is in the volume.
    const { layout, name } = debianImage()
    const [more, different, longer] = await Promise.all([
      container.run(
        'localhost/warmer',
        ['--image', `oci:/images:${name}`],
        [...restricted, ...shared, '-v', `${layout}:/images:ro`],
      ),
      executor({ dockerfile: `FROM ${busybox}\n${steps.second}`, flags: shared }),
      executor({ dockerfile: `FROM ${busybox}\n${steps.first}RUN echo third > /third\n`, flags: shared }),
    ])
    succeeded(more, ['warmer'])
    assert.deepEqual(different.cache, { local: 0, remote: 0, misses: 1 })
    assert.deepEqual(longer.cache, { local: 1, remote: 0, misses: 1 })
    const all = `FROM debian:12\nFROM ${busybox}\n${steps.first}RUN echo third > /third\nFROM ${busybox}\n${steps.second}COPY --from=1 /third /\n`
    const built = await executor({ dockerfile: all, flags: shared })
    assert.deepEqual(built.cache, { local: 3, remote: 0, misses: 1 })
    const last = await executor({ dockerfile: all, flags: shared })
    assert.deepEqual([last.cache.misses, last.digest], [0, built.digest])

    assert.deepEqual(damagedBlobs(cache), [])
    const unfinished = filesBelow(cache).filter((path) => /^tmp\/|\.tmp$|\.lock$|\.db-/.test(path))
    assert.deepEqual(unfinished, [])
    stored.add(readdirSync(join(cache, 'blobs/sha256')).sort().join('\n'))
  })
}

test('whatever came first, the same blobs were stored', () => {
  assert.equal(stored.size, 1)
})

/** What Kubernetes' restricted profile leaves the warmer. */
const restricted = ['--read-only', '--read-only-tmpfs=false', '--cap-drop=ALL', '--security-opt=no-new-privileges']

function makeVolume({ mode, owner }: Volume): string {
  const path = mkdtempSync(join(directory, 'cache-'))
  chownSync(path, ...owner)
  chmodSync(path, mode)
  return path
}

interface BuildInContainer {
  readonly dockerfile: string
  readonly args?: readonly string[]
  /** For podman. */
  readonly flags: readonly string[]
}

interface BuiltInContainer {
  readonly cache: ReturnType<typeof cacheSummary>
  readonly digest: string
}

async function executor(request: BuildInContainer): Promise<BuiltInContainer> {
  const out = mkdtempSync(join(directory, 'out-'))
  const context = makeContext(directory, { Dockerfile: request.dockerfile })
  const volumes = ['-v', `${context}:/workspace:ro`, '-v', `${out}:/out`]
  const args = ['--no-push', '--cache', '--reproducible', '--oci-layout-path=/out/image', ...(request.args ?? [])]
  const ran = await container.run('localhost/executor', args, [...volumes, ...request.flags])
  const index = readFileSync(join(succeeded(ran, args) && out, 'image/index.json'), 'utf8')
  return { cache: cacheSummary(ran), digest: JSON.parse(index).manifests[0].digest }
}

test('an authority that is mounted below /kaniko/ssl/certs is trusted', async () => {
  const { authority, ...tls } = privateCertificate(directory)
  await using secure = await startRegistry({ tls })
  const context = makeContext(directory, { Dockerfile: 'FROM scratch\nCOPY Dockerfile /\n' })
  const push = (flags: readonly string[]): Promise<CommandResult> =>
    container.run(
      'localhost/executor',
      ['-d', `${secure.host}/made:1`],
      ['-v', `${context}:/workspace:ro`, '--network=host', ...flags],
    )
  assertClearError(await push([]), [/certificate/, /SSL_CERT_DIR/])
  const mounted = await push(['-v', `${authority}:/kaniko/ssl/certs/additional-ca-cert-bundle.crt:ro`])
  assert.equal(mounted.code, 0, mounted.stderr)
  assert.match(await skopeo(['inspect', '--tls-verify=false', `docker://${secure.host}/made:1`]), /sha256:/)
})
