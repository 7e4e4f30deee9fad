import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import pLimit from 'p-limit'
import { descriptorOf } from '../../../src/oci/descriptor.ts'
import { digestOf, splitDigest } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseReference, parseRepository } from '../../../src/oci/reference.ts'
import { bytesOf, collect } from '../../../src/stream/bytes.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import { freePort } from '../../support/ports.ts'
import { type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { push, pushImage, randomBlob, refusal, testClient, withLogins } from './test-client.ts'

test('what is pushed can be resolved and pulled by tag and by digest', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  const layer = randomBlob(300_000)
  const name = `${registry.host}/team/app:1`
  const bytes = await pushImage(t.client, name, layer)
  const expected = descriptorOf(bytes, mediaTypes.ociManifest)
  assert.deepEqual(await t.client.resolve(parseReference(name)), expected)
  const byTag = await t.client.manifest(parseReference(name))
  assert.deepEqual([byTag.descriptor, Buffer.from(byTag.bytes)], [expected, Buffer.from(bytes)])
  const byDigest = await t.client.manifest(parseReference(`${registry.host}/team/app@${expected.digest}`))
  assert.deepEqual(byDigest.descriptor, expected)
  assert.deepEqual(await collect(t.client.openBlob(parseReference(name), layer.descriptor), 1 << 20), layer.bytes)
})

test('every request names hearth as its sender', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  await pushImage(t.client, `${registry.host}/app:1`)
  await logged(registry, /"PUT \/v2\/app\/manifests\/1 /)
  const agents = [...registry.log().matchAll(/HTTP\/1\.1" \d+ \d+ "" "([^"]*)"/g)].map((match) => match[1])
  assert.ok(agents.length >= 6)
  assert.deepEqual(new Set(agents), new Set(['hearth/test']))
})

test('a blob is not sent when it is there, and mounted when another repository has it', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  const [first, second] = [parseRepository(`${registry.host}/first`), parseRepository(`${registry.host}/second`)]
  const blob = randomBlob(5000)
  let opened = 0
  const open = () => {
    opened++
    return bytesOf(blob.bytes)
  }
  assert.equal(await t.client.hasBlob(first, blob.descriptor.digest), false)
  assert.equal(await t.client.pushBlob(first, blob.descriptor, { open }), 'uploaded')
  assert.equal(await t.client.pushBlob(first, blob.descriptor, { open }), 'existed')
  assert.equal(await t.client.pushBlob(second, blob.descriptor, { open, mountFrom: first }), 'mounted')
  assert.equal(opened, 1)
  assert.equal(await t.client.hasBlob(second, blob.descriptor.digest), true)
})

test('a mount from a repository without the blob turns into an upload', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  const blob = randomBlob(5000)
  const [target, empty] = [parseRepository(`${registry.host}/target`), parseRepository(`${registry.host}/empty`)]
  const outcome = await t.client.pushBlob(target, blob.descriptor, {
    open: () => bytesOf(blob.bytes),
    mountFrom: empty,
  })
  assert.equal(outcome, 'uploaded')
  assert.deepEqual(await collect(t.client.openBlob(target, blob.descriptor), 10_000), blob.bytes)
})

test('an empty blob can be pushed and pulled', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  const repository = parseRepository(`${registry.host}/empty`)
  const blob = randomBlob(0)
  assert.equal(await push(t.client, repository, blob), 'uploaded')
  assert.equal((await collect(t.client.openBlob(repository, blob.descriptor), 10)).byteLength, 0)
})

test('blobs pass from one registry to another with a single transfer slot', async () => {
  await using source = await startRegistry()
  await using target = await startRegistry()
  const limit = pLimit(1)
  await using t = testClient({ transfers: (task) => limit(task) })
  const [from, to] = [parseRepository(`${source.host}/base`), parseRepository(`${target.host}/app`)]
  const blobs = [randomBlob(400_000), randomBlob(400_000), randomBlob(400_000)]
  for (const blob of blobs) await push(t.client, from, blob)
  const copies = blobs.map(({ descriptor }) => {
    return t.client.pushBlob(to, descriptor, { open: () => t.client.openBlob(from, descriptor), mountFrom: from })
  })
  assert.deepEqual(await Promise.all(copies), ['uploaded', 'uploaded', 'uploaded'])
  assert.equal(limit.activeCount, 0)
})

test('a reader that stops early gives its transfer slot back', async () => {
  await using registry = await startRegistry()
  const limit = pLimit(1)
  await using t = testClient({ transfers: (task) => limit(task) })
  const repository = parseRepository(`${registry.host}/app`)
  const blob = randomBlob(2_000_000)
  await push(t.client, repository, blob)
  for await (const _ of t.client.openBlob(repository, blob.descriptor)) break
  assert.deepEqual(await collect(t.client.openBlob(repository, blob.descriptor), 1 << 22), blob.bytes)
})

test('a login is taken from the Docker configuration', async () => {
  await using registry = await startRegistry({ auth: { username: 'user', password: 'pa:ss' } })
  await withLogins({ auths: { [registry.host]: { auth: btoa('user:pa:ss') } } }, async (credentials) => {
    await using t = testClient({ credentials })
    await pushImage(t.client, `${registry.host}/app:1`)
    assert.equal((await t.client.resolve(parseReference(`${registry.host}/app:1`))).mediaType, mediaTypes.ociManifest)
  })
})

test('without a login, or with a wrong one, the error names the registry and the configuration', async () => {
  await using registry = await startRegistry({ auth: { username: 'user', password: 'secret' } })
  const reference = parseReference(`${registry.host}/app:1`)
  const words = [/config\.json/, new RegExp(`login for ${registry.host}`), /answered 401: UNAUTHORIZED/]
  for (const auths of [{}, { [registry.host]: { auth: btoa('user:wrong') } }]) {
    await withLogins({ auths }, async (credentials) => {
      await using t = testClient({ credentials })
      await assert.rejects(t.client.manifest(reference), refusal('registry-auth', ...words))
      await assert.rejects(t.client.resolve(reference), refusal('registry-auth', ...words))
      await assert.rejects(push(t.client, reference, randomBlob(10)), refusal('registry-auth', ...words, /push/))
      const blob = collect(t.client.openBlob(reference, randomBlob(10).descriptor), 100)
      await assert.rejects(blob, refusal('registry-auth', ...words))
    })
  }
})

test('a missing image, repository or blob is named', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  await pushImage(t.client, `${registry.host}/app:1`)
  const missing = parseReference(`${registry.host}/app:2`)
  await assert.rejects(
    t.client.resolve(missing),
    refusal('registry-not-found', /app:2 does not exist/, /MANIFEST_UNKNOWN/),
  )
  await assert.rejects(
    t.client.manifest(parseReference(`${registry.host}/none`)),
    refusal('registry-not-found', /none:latest/),
  )
  const { descriptor } = randomBlob(10)
  const blob = collect(t.client.openBlob(missing, descriptor), 100)
  await assert.rejects(blob, refusal('registry-not-found', new RegExp(`blob ${descriptor.digest} of`), /BLOB_UNKNOWN/))
})

test('a manifest whose blobs are missing is refused in the words of the registry', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  const { descriptor } = randomBlob(10)
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.ociManifest, config: descriptor, layers: [descriptor] }
  const sent = t.client.pushManifest(parseReference(`${registry.host}/app:1`), Buffer.from(JSON.stringify(manifest)), {
    mediaType: mediaTypes.ociManifest,
  })
  await assert.rejects(sent, refusal('registry-refused', /app:1/, /MANIFEST_BLOB_UNKNOWN/))
})

test('a read-only registry refuses a push in its own words', async () => {
  await using registry = await startRegistry({ readOnly: true })
  await using t = testClient()
  const sent = push(t.client, parseReference(`${registry.host}/app:1`), randomBlob(10))
  await assert.rejects(sent, refusal('registry-refused', /answered 405: Method not allowed/))
})

test('a registry that is not there is named with the cause', async () => {
  await using t = testClient()
  const host = `127.0.0.1:${await freePort()}`
  const words = [new RegExp(`${host}: nothing listens there \\(ECONNREFUSED\\)`), new RegExp(`${host}/app:1`)]
  await assert.rejects(t.client.resolve(parseReference(`${host}/app:1`)), refusal('registry-unreachable', ...words))
  await using named = testClient({ policy: { retries: 0 } })
  const nowhere = named.client.manifest(parseReference('no-such-registry.invalid/app:1'))
  await assert.rejects(nowhere, refusal('registry-unreachable', /no-such-registry\.invalid: .*(ENOTFOUND|EAI_AGAIN)/))
})

test('a blob that was changed or cut in the registry never ends cleanly', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  const repository = parseRepository(`${registry.host}/app`)
  const changed = randomBlob(200_000)
  await push(t.client, repository, changed)
  const path = blobPath(registry.directory, changed.descriptor.digest)
  const bytes = readFileSync(path)
  bytes.writeUInt8(bytes.readUInt8(150_000) ^ 1, 150_000)
  writeFileSync(path, bytes)
  const words = [new RegExp(changed.descriptor.digest)]
  await assert.rejects(
    drain(t.client.openBlob(repository, changed.descriptor)),
    refusal('integrity', ...words, /hash to sha256:/),
  )
  truncateSync(path, 70_000)
  const cut = drain(t.client.openBlob(repository, changed.descriptor))
  await assert.rejects(cut, refusal('integrity', ...words, /has 70000 bytes, not the promised 200000/))
  writeFileSync(path, Buffer.concat([changed.bytes, Buffer.from('more')]))
  const long = drain(t.client.openBlob(repository, changed.descriptor))
  await assert.rejects(long, refusal('integrity', ...words, /longer than the promised/))
})

test('a manifest that was changed in the registry is refused', async () => {
  await using registry = await startRegistry()
  await using t = testClient()
  const bytes = await pushImage(t.client, `${registry.host}/app:1`)
  const digest = digestOf(bytes)
  writeFileSync(
    blobPath(registry.directory, digest),
    Buffer.from(Buffer.from(bytes).toString().replace('"layers"', '"layerz"')),
  )
  const byDigest = t.client.manifest(parseReference(`${registry.host}/app@${digest}`))
  await assert.rejects(byDigest, refusal('integrity', new RegExp(`expected ${digest}`)))
  await assert.rejects(t.client.manifest(parseReference(`${registry.host}/app:1`)), refusal('integrity'))
})

test('a registry with TLS needs a known certificate, unless told otherwise, and never falls back to http', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'hearth-tls-'))
  try {
    const tls = selfSignedCertificate(directory)
    await using registry = await startRegistry({ tls })
    const reference = parseReference(`${registry.host}/app:1`)
    await using strict = testClient()
    const unknown = strict.client.resolve(reference)
    await assert.rejects(
      unknown,
      refusal(
        'registry-unreachable',
        /certificate is self-signed/,
        /SSL_CERT_DIR.*registry-certificate.*skip-tls-verify/,
      ),
    )
    await using lax = testClient({ tls: () => ({ rejectUnauthorized: false }) })
    await pushImage(lax.client, `${registry.host}/app:1`)
    await using informed = testClient({
      tls: () => ({ rejectUnauthorized: true, ca: [readFileSync(tls.cert, 'utf8')] }),
    })
    assert.equal((await informed.client.resolve(reference)).mediaType, mediaTypes.ociManifest)
    await using insecure = testClient({ policy: { plainHttp: () => true }, tls: () => ({ rejectUnauthorized: false }) })
    assert.equal((await insecure.client.resolve(reference)).mediaType, mediaTypes.ociManifest)
    await logged(registry, /"HEAD \/v2\/app\/manifests\/1 /)
    assert.doesNotMatch(registry.log(), /app.*" 400 /)
  } finally {
    rmSync(directory, { recursive: true })
  }
})

test('mirrors are asked in order, then the registry itself', async () => {
  await using origin = await startRegistry()
  await using mirror = await startRegistry()
  await using direct = testClient()
  const dead = `127.0.0.1:${await freePort()}`
  const layer = randomBlob(1000)
  const bytes = await pushImage(direct.client, `${mirror.host}/proxy/cache/app:1`, layer)
  const onlyAtOrigin = randomBlob(2000)
  await pushImage(direct.client, `${origin.host}/app:2`, onlyAtOrigin)
  const mirrors = new Map([[origin.host, [dead, `${mirror.host}/proxy/cache`]]])
  await using t = testClient({ policy: { mirrors, retries: 0 } })
  const name = parseReference(`${origin.host}/app:1`)
  assert.deepEqual(Buffer.from((await t.client.manifest(name)).bytes), Buffer.from(bytes))
  assert.deepEqual(await collect(t.client.openBlob(name, layer.descriptor), 5000), layer.bytes)
  const second = await t.client.resolve(parseReference(`${origin.host}/app:2`))
  assert.equal(second.mediaType, mediaTypes.ociManifest)
  assert.deepEqual(await collect(t.client.openBlob(name, onlyAtOrigin.descriptor), 5000), onlyAtOrigin.bytes)
  assert.equal(t.lines.filter((line) => line.startsWith('WARN') && line.includes(dead)).length, 1)
  await logged(origin, new RegExp(`GET /v2/app/blobs/${onlyAtOrigin.descriptor.digest} `))
  assert.doesNotMatch(origin.log(), /GET \/v2\/app\/manifests\/1 /)
})

test('without fallback only the mirrors count', async () => {
  await using origin = await startRegistry()
  await using mirror = await startRegistry()
  await using direct = testClient()
  await pushImage(direct.client, `${origin.host}/app:1`)
  await using t = testClient({ policy: { mirrors: new Map([[origin.host, [mirror.host]]]), fallback: false } })
  const missing = t.client.resolve(parseReference(`${origin.host}/app:1`))
  await assert.rejects(missing, refusal('registry-not-found', new RegExp(`${mirror.host} answered 404`)))
})

test('what a mirror sent too little of is completed by the registry', async () => {
  await using origin = await startRegistry()
  await using mirror = await startRegistry()
  await using direct = testClient()
  const blob = randomBlob(300_000)
  for (const { host } of [origin, mirror]) await push(direct.client, parseRepository(`${host}/app`), blob)
  truncateSync(blobPath(mirror.directory, blob.descriptor.digest), 100_000)
  await using t = testClient({ policy: { mirrors: new Map([[origin.host, [mirror.host]]]) } })
  const bytes = await collect(t.client.openBlob(parseRepository(`${origin.host}/app`), blob.descriptor), 1 << 20)
  assert.deepEqual(bytes, blob.bytes)
  await logged(origin, /GET \/v2\/app\/blobs\/\S+ HTTP\/1\.1" 206 200000/)
})

function blobPath(directory: string, digest: Parameters<typeof splitDigest>[0]): string {
  const { hex } = splitDigest(digest)
  return join(directory, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
}

// What the registry prints arrives a little after its answer.
async function logged(registry: RunningRegistry, words: RegExp): Promise<void> {
  for (let tries = 0; tries < 250 && !words.test(registry.log()); tries++) await sleep(20)
  assert.match(registry.log(), words)
}

async function drain(source: AsyncIterable<Uint8Array>): Promise<void> {
  for await (const _ of source);
}
