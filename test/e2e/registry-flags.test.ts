import assert from 'node:assert/strict'
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { after, test } from 'node:test'
import { pushImage } from '../support/bases.ts'
import { privateCertificate, selfSignedCertificate } from '../support/certificate.ts'
import { assertClearError } from '../support/clear-error.ts'
import { run } from '../support/command.ts'
import { startRegistry } from '../support/registry.ts'
import { startRegistryProxy } from '../support/registry-proxy.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const port = host.slice(host.indexOf(':') + 1)
const named = `registry.test:${port}`
const surroundings = { hosts: ['registry.test', 'other.test'] }
const small = 'FROM scratch\nCOPY Dockerfile /\n'

test('a registry that is not on this machine is spoken to in plain HTTP only when allowed', async () => {
  const push = (...args: string[]) =>
    scene.attempt({ dockerfile: small, surroundings, args: ['--destination', `${named}/plain:1`, ...args] })
  assertClearError(await push(), [/registry\.test/])
  for (const flags of [['--insecure'], ['--insecure-registry', named]]) {
    const result = await push(...flags)
    assert.equal(result.code, 0, result.stderr)
  }
  const pull = (...args: string[]) =>
    scene.attempt({ dockerfile: `FROM ${named}/busybox:1\nLABEL a=b\n`, surroundings, args: ['--no-push', ...args] })
  assertClearError(await pull('--insecure'), [/registry\.test/])
  for (const flags of [['--insecure-pull'], [`--insecure-registry=${named}`]]) {
    const result = await pull(...flags)
    assert.equal(result.code, 0, result.stderr)
  }
})

test('a certificate nobody trusts is refused unless verification is turned off', async () => {
  const tls = selfSignedCertificate(scene.newDirectory())
  await using secure = await startRegistry({ tls })
  const base = `${secure.host}/busybox:1`
  const { layout, name } = scene.busyboxLayout
  await run('skopeo', [
    '--insecure-policy',
    'copy',
    '--quiet',
    '--dest-tls-verify=false',
    `oci:${layout}:${name}`,
    `docker://${base}`,
  ])
  const push = (...args: string[]) =>
    scene.attempt({ dockerfile: small, args: ['-d', `${secure.host}/made:1`, ...args] })
  const pull = (...args: string[]) =>
    scene.attempt({ dockerfile: `FROM ${base}\nLABEL a=b\n`, args: ['--no-push', ...args] })
  assertClearError(await push(), [/certificate/i])
  assertClearError(await pull(), [/certificate/i])
  for (const flags of [['--skip-tls-verify'], ['--skip-tls-verify-registry', secure.host]]) {
    for (const result of [await push(...flags), await pull(...flags)]) assert.equal(result.code, 0, result.stderr)
  }
  const pulled = await pull('--skip-tls-verify-pull')
  assert.equal(pulled.code, 0, pulled.stderr)
  assertClearError(await push('--skip-tls-verify-pull'), [/certificate/i])
})

test('the authorities in the directory SSL_CERT_DIR are trusted, beside the file SSL_CERT_FILE', async () => {
  const { authority, ...tls } = privateCertificate(scene.newDirectory())
  await using secure = await startRegistry({ tls })
  const { cert: other } = selfSignedCertificate(scene.newDirectory())
  // As in a mounted Secret: a link to a link.
  const trusted = scene.newDirectory()
  symlinkSync(dirname(authority), join(trusted, '..data'))
  symlinkSync(`..data/${basename(authority)}`, join(trusted, 'ca.crt'))
  const push = (env: Readonly<Record<string, string>>) =>
    scene.attempt({ dockerfile: small, args: ['-d', `${secure.host}/made:1`], env })
  assertClearError(await push({ SSL_CERT_FILE: other }), [/certificate/i, /SSL_CERT_DIR/])
  for (const files of [{}, { SSL_CERT_FILE: other }, { SSL_CERT_FILE: authority, SSL_CERT_DIR: '/nonexistent' }]) {
    const result = await push({ SSL_CERT_DIR: trusted, ...files })
    assert.equal(result.code, 0, result.stderr)
  }
})

test('mirrors and maps are asked in place of the registry that was named', async () => {
  await pushImage(scene.busyboxLayout, host, 'library/mirrored:1')
  await pushImage(scene.busyboxLayout, host, 'prefix/team/mapped:1')
  const build = (image: string, args: readonly string[], env = {}) =>
    scene.attempt({ dockerfile: `FROM ${image}\nLABEL a=b\n`, args: ['--no-push', ...args], env })
  const ways = [
    build('mirrored:1', ['--registry-mirror', host]),
    build('docker.io/library/mirrored:1', ['--registry-mirror', 'mirror.invalid', `--registry-mirror=${host}`]),
    build('mirrored:1', ['--registry-map', `index.docker.io=${host}`]),
    build('registry.invalid/team/mapped:1', ['--registry-map', `registry.invalid=${host}/prefix`]),
    build('registry.invalid/team/mapped:1', [`--registry-map=index.docker.io=${host};registry.invalid=${host}/prefix`]),
    build('mirrored:1', [], { KANIKO_REGISTRY_MIRROR: host }),
    build('registry.invalid/team/mapped:1', [], { KANIKO_REGISTRY_MAP: `registry.invalid=${host}/prefix` }),
  ]
  for (const result of await Promise.all(ways)) assert.equal(result.code, 0, result.stderr)
})

test('the registry that was named is left alone when falling back is turned off', async () => {
  const args = ['--no-push', '--registry-map', `${host}=127.0.0.1:1`, '--skip-default-registry-fallback']
  const dockerfile = `FROM ${scene.busybox}\nLABEL a=b\n`
  assertClearError(await scene.attempt({ dockerfile, args }), [/127\.0\.0\.1:1/])
  const back = await scene.attempt({ dockerfile, args: args.slice(0, -1) })
  assert.equal(back.code, 0, back.stderr)
})

const auth = { username: 'builder', password: 'very secret' }
const guarded = await startRegistry({ auth })
after(() => guarded.stop())

test('credentials come from the Docker configuration', async () => {
  const config = scene.newDirectory()
  mkdirSync(config, { recursive: true })
  const encoded = Buffer.from(`${auth.username}:${auth.password}`).toString('base64')
  writeFileSync(join(config, 'config.json'), JSON.stringify({ auths: { [guarded.host]: { auth: encoded } } }))
  const env = { DOCKER_CONFIG: config }
  const cache = ['--cache', '--cache-dir', scene.newDirectory(), '--cache-repo', `${guarded.host}/cache`]
  const pushed = await scene.attempt({ dockerfile: small, env, args: ['-d', `${guarded.host}/private:1`, ...cache] })
  assert.equal(pushed.code, 0, pushed.stderr)
  const pulled = await scene.attempt({
    dockerfile: `FROM ${guarded.host}/private:1\nLABEL a=b\n`,
    env,
    args: ['--no-push'],
  })
  assert.equal(pulled.code, 0, pulled.stderr)
  const everything = [pushed, pulled].map(({ stdout, stderr }) => stdout + stderr).join('')
  assert.equal(everything.includes(auth.password) || everything.includes(encoded), false)
})

test('without credentials the error says where they would be looked for', async () => {
  const result = await scene.attempt({ dockerfile: small, args: ['-d', `${guarded.host}/private:1`] })
  assertClearError(result, [/401|authenti|credential/i, new RegExp(guarded.host)])
  const wrong = scene.newDirectory()
  const encoded = Buffer.from('builder:wrong').toString('base64')
  writeFileSync(join(wrong, 'config.json'), JSON.stringify({ auths: { [guarded.host]: { auth: encoded } } }))
  const refused = await scene.attempt({
    dockerfile: small,
    args: ['-d', `${guarded.host}/private:1`],
    env: { DOCKER_CONFIG: wrong },
  })
  assertClearError(refused, [/401|authenti|credential/i])
})

test('a Docker configuration that is no JSON is named', async () => {
  const config = scene.newDirectory()
  writeFileSync(join(config, 'config.json'), '{ "auths": ')
  const result = await scene.attempt({ dockerfile: small, args: ['-d', `${host}/x:1`], env: { DOCKER_CONFIG: config } })
  assertClearError(result, [new RegExp(join(config, 'config.json'))])
})

test('pushes and pulls are tried again as often as asked', async () => {
  await using proxy = await startRegistryProxy(host)
  const pushed = async (failures: number, retries: string) => {
    proxy.failNext(failures, (request) => request.startsWith('PUT /v2/retried/manifests/'))
    return scene.attempt({ dockerfile: small, args: ['-d', `${proxy.host}/retried:1`, '--push-retry', retries] })
  }
  const patient = await pushed(4, '6')
  assert.equal(patient.code, 0, patient.stderr)
  assertClearError(await pushed(1000, '1'), [/retried|503/])
  proxy.failNext(4, (request) => request.startsWith('GET /v2/busybox/blobs/'))
  const args = ['--no-push', '--image-download-retry', '6']
  const pulled = await scene.attempt({ dockerfile: `FROM ${proxy.host}/busybox:1\nRUN true\n`, args })
  assert.equal(pulled.code, 0, pulled.stderr)
})
