import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { globSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { pushImage } from '../support/bases.ts'
import { assertClearError } from '../support/clear-error.ts'
import { makeContext } from '../support/context.ts'
import { warm, warmer } from '../support/hearth.ts'
import { readImage, skopeo } from '../support/image-tree.ts'
import { startRegistry } from '../support/registry.ts'
import { type BuildRequest, openScene } from '../support/scene.ts'
import { flipBit } from '../unit/content/support.ts'

const scene = await openScene()
const { host } = scene.registry

async function digestOf(reference: string): Promise<string> {
  return JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${reference}`])).Digest
}

test('a digest-pinned base that is warm needs no network at all', async () => {
  const gone = await startRegistry()
  after(() => gone.stop())
  const tagged = await pushImage(scene.busyboxLayout, gone.host)
  const pinned = `${gone.host}/busybox@${await digestOf(tagged)}`
  const cache = scene.newDirectory()
  await warm(['--image', pinned, '--cache-dir', cache])
  await gone.stop()
  const args = ['--cache', '--cache-dir', cache]
  const built = await scene.image({ dockerfile: `FROM ${pinned}\nRUN echo made > /made\n`, args })
  assert.equal((await built.tree()).get('made')?.type, 'file')
  const byBoth = `${tagged}${pinned.slice(pinned.indexOf('@'))}`
  await scene.image({ dockerfile: `FROM ${byBoth}\nLABEL a=b\n`, args })
})

test('what is damaged of a warm image comes from its registry, and without that is named', async () => {
  const gone = await startRegistry()
  after(() => gone.stop())
  const tagged = await pushImage(scene.busyboxLayout, gone.host)
  const cache = scene.newDirectory()
  await warm(['-i', tagged, '-c', cache])
  const request = (text: string): BuildRequest => {
    return { dockerfile: `FROM ${tagged}\nRUN echo ${text} > /made\n`, args: ['--cache', '--cache-dir', cache] }
  }
  const { layers } = await scene.image(request('first'))
  const blobs = readdirSync(join(cache, 'blobs/sha256')).map((name) => join(cache, 'blobs/sha256', name))
  for (const path of blobs) flipBit(path)
  assert.ok((await (await scene.image(request('second'))).tree()).has('bin/sh'))
  await warm(['-i', tagged, '-c', cache, '--force'])
  const path = join(cache, 'blobs', String(layers[0]).replace(':', '/'))
  flipBit(path)
  await gone.stop()
  const { dockerfile = '', args = [] } = request('third')
  const failed = await scene.attempt({ dockerfile, args: [...args, '--no-push'] })
  assertClearError(failed, [new RegExp(gone.host)])
})

test('a warmed tag is found without its registry', async () => {
  const gone = await startRegistry()
  after(() => gone.stop())
  const tagged = await pushImage(scene.busyboxLayout, gone.host)
  const cache = scene.newDirectory()
  await warm(['-i', tagged, '-c', cache])
  await gone.stop()
  await scene.image({ dockerfile: `FROM ${tagged}\nRUN true\n`, args: ['--cache', '--cache-dir', cache] })
})

test('an image of a local OCI layout is warmed under its name', async () => {
  const cache = scene.newDirectory()
  const { layout, name } = scene.busyboxLayout
  await warm(['--image', `oci:${layout}:${name}`, '--cache-dir', cache])
  await scene.image({ dockerfile: `FROM ${name}\nRUN true\n`, args: ['--cache', '--cache-dir', cache] })
})

test('the directory is an OCI layout that holds every blob once', async () => {
  const shared = `${host}/shared:1`
  await scene.image({ dockerfile: `FROM ${scene.busybox}\nRUN echo more > /more\n`, args: ['-d', shared] })
  const cache = scene.newDirectory()
  await warm(['-i', scene.busybox, '--image', shared, '-c', cache])
  const index = JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8'))
  assert.equal(index.manifests.length, 2)
  const names = readdirSync(join(cache, 'blobs/sha256'))
  assert.equal(names.length, 2 * 2 + 2, 'two manifests, two configurations, two layers')
  for (const name of names) {
    const path = join(cache, 'blobs/sha256', name)
    assert.equal(createHash('sha256').update(readFileSync(path)).digest('hex'), name)
    assert.equal(statSync(path).mode & 0o222, 0)
  }
  const name = index.manifests[1].annotations?.['org.opencontainers.image.ref.name']
  assert.ok(name)
  const copy = join(scene.newDirectory(), 'copy')
  await skopeo(['copy', '--quiet', `oci:${cache}:${name}`, `oci:${copy}:x`])
  assert.ok((await readImage(`oci:${copy}:x`, scene.newDirectory())).tree.has('bin/sh'))
})

test('warming again downloads nothing, --force looks again', async () => {
  const cache = scene.newDirectory()
  await warm(['-i', scene.busybox, '-c', cache])
  const before = scene.registry.log().length
  await warm(['-i', scene.busybox, '-c', cache])
  assert.doesNotMatch(scene.registry.log().slice(before), /GET \/v2\/busybox\/blobs/)
  await warm(['-i', scene.busybox, '-c', cache, '--force'])
  assert.match(scene.registry.log().slice(before), /(?:GET|HEAD) \/v2\/busybox\/manifests/)
})

test('an expired tag is resolved again and its new image fetched', async () => {
  const reference = `${host}/moving:1`
  const cache = scene.newDirectory()
  await scene.image({ dockerfile: `FROM ${scene.busybox}\nLABEL v=1\n`, args: ['-d', reference] })
  await warm(['-i', reference, '-c', cache, '--cache-ttl', '1s'])
  await scene.image({ dockerfile: `FROM ${scene.busybox}\nLABEL v=2\n`, args: ['-d', reference] })
  await sleep(1200)
  await warm(['-i', reference, '-c', cache, '--cache-ttl', '1s'])
  const args = ['--cache', '--cache-dir', cache]
  const { config } = await (await scene.image({ dockerfile: `FROM ${reference}\nLABEL own=1\n`, args })).read()
  assert.equal((config.config.Labels as Record<string, string>).v, '2')
})

test('a Dockerfile names what to warm: every base, with the defaults of its arguments', async () => {
  await pushImage(scene.busyboxLayout, host, 'given:1')
  const text = `ARG BASE=${scene.busybox}
ARG OTHER=none
FROM \${BASE} AS first
FROM ${host}/\${OTHER} AS second
FROM first AS third
FROM scratch
COPY --from=third / /
`
  const context = makeContext(scene.directory, { 'their.Dockerfile': text })
  const cache = scene.newDirectory()
  await warm(['--dockerfile', join(context, 'their.Dockerfile'), '--build-arg', 'OTHER=given:1', '-c', cache])
  const names = globSync(join(cache, 'refs/*.json')).map((path) => JSON.parse(readFileSync(path, 'utf8')).name)
  assert.ok(names.some((name: string) => name.includes(scene.busybox)))
  assert.ok(names.some((name: string) => name.includes('given:1')))
})

test('one image that fails leaves the others warm, and the exit code says so', async () => {
  const cache = scene.newDirectory()
  const result = await warmer(['-i', `${host}/missing:1`, '-i', scene.busybox, '-c', cache])
  assertClearError(result, [/missing:1/], 32)
  const index = JSON.parse(readFileSync(join(cache, 'index.json'), 'utf8'))
  assert.equal(index.manifests.length, 1)
})

test('nothing to warm, and a platform nobody has, are clear errors', async () => {
  const cache = scene.newDirectory()
  assertClearError(await warmer(['-c', cache]), [/--image/])
  assertClearError(await warmer(['-i', scene.busybox, '-c', cache, '--imagee', 'x']), [/--imagee/])
  const list = await manifestList()
  assertClearError(await warmer(['-i', list, '-c', cache, '--custom-platform', 'linux/s390x']), [/s390x/])
  await warm(['-i', list, '-c', cache, '--customPlatform', 'linux/arm64'])
})

/** An index of two platforms, in the registry. */
async function manifestList(): Promise<string> {
  const reference = `${host}/list:1`
  const manifest = await skopeo(['inspect', '--raw', '--tls-verify=false', `docker://${scene.busybox}`])
  const digest = await digestOf(scene.busybox)
  const entry = { mediaType: JSON.parse(manifest).mediaType, digest, size: Buffer.byteLength(manifest) }
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ ...entry, platform: { architecture, os: 'linux' } }))
  const mediaType = 'application/vnd.oci.image.index.v1+json'
  await pushImage(scene.busyboxLayout, host, 'list:one')
  const answer = await fetch(`http://${host}/v2/list/manifests/1`, {
    method: 'PUT',
    headers: { 'content-type': mediaType },
    body: JSON.stringify({ schemaVersion: 2, mediaType, manifests: platforms }),
  })
  assert.equal(answer.status, 201, await answer.text())
  return reference
}

test('a warmer whose registry does not answer leaves a directory that works', async () => {
  const cache = scene.newDirectory()
  await warmer(['-i', `127.0.0.1:1/a:1`, '-c', cache])
  assert.deepEqual(globSync(join(cache, 'blobs/sha256/*')), [])
  const later = await warmer(['-i', scene.busybox, '-c', cache])
  assert.equal(later.code, 0, later.stderr)
})

test('an index that is pinned by digest is found by it', async () => {
  const list = await manifestList()
  const pinned = `${host}/list@${await rawDigest(list)}`
  const cache = scene.newDirectory()
  await warm(['-i', pinned, '-c', cache])
  const before = scene.registry.log().length
  await scene.image({ dockerfile: `FROM ${pinned}\nRUN true\n`, args: ['--cache', '--cache-dir', cache] })
  assert.doesNotMatch(scene.registry.log().slice(before), /\/v2\/list\//)
})

async function rawDigest(reference: string): Promise<string> {
  const raw = await skopeo(['inspect', '--raw', '--tls-verify=false', `docker://${reference}`])
  return `sha256:${createHash('sha256').update(raw).digest('hex')}`
}
