import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { readEnvironment } from '../../../src/cli/environment.ts'
import { FlagValues } from '../../../src/cli/flags/flag-values.ts'
import { readArguments } from '../../../src/cli/flags/read-arguments.ts'
import { readRegistryFlags, registryFlags } from '../../../src/cli/flags/registry-flags.ts'
import { openRegistryAccess, type RegistryAccess } from '../../../src/cli/registry-access.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import type { RegistryClient } from '../../../src/registry/registry-client.ts'
import { selfSignedCertificate } from '../../support/certificate.ts'
import { startRegistry } from '../../support/registry.ts'
import { startRegistryProxy } from '../../support/registry-proxy.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { keptLog } from '../cache/samples.ts'
import { makeImage, pushImage } from '../warmer/publish.ts'

const directory = temporaryDirectory({ after })
const plain = await startRegistry()
after(() => plain.stop())
const certificate = selfSignedCertificate(directory)
const secure = await startRegistry({ tls: certificate })
after(() => secure.stop())
const image = await makeImage(directory, ['file'])

async function withAccess(argv: readonly string[], use: (access: RegistryAccess) => Promise<void>): Promise<void> {
  const flags = readRegistryFlags(new FlagValues(registryFlags, readArguments(argv, registryFlags).given), {})
  const environment = readEnvironment({ HOME: '/nonexistent' }, '/')
  await using access = await openRegistryAccess({
    flags,
    environment,
    retries: { pull: 0, push: 0 },
    log: keptLog().log,
  })
  await use(access)
}

function trusts(client: RegistryClient, host = secure.host): Promise<boolean> {
  return client.resolve(parseReference(`${host}/none:1`)).then(
    () => true,
    // Not found is an answer, so the connection was made.
    (error: { code?: string }) => error.code === 'registry-not-found',
  )
}

for (const [flag, pull, push] of [
  [[], false, false],
  [['--skip-tls-verify'], true, true],
  [['--skip-tls-verify-pull'], true, false],
  [[`--skip-tls-verify-registry=${secure.host}`], true, true],
  [['--skip-tls-verify-registry=other.example'], false, false],
  [[`--registry-certificate=${secure.host}=${certificate.cert}`], true, true],
  [[`--registry-certificate=other.example=${certificate.cert}`], false, false],
] as const) {
  test(`with "${flag.join(' ').replace(secure.host, 'HOST').replace(directory, '')}" an unknown certificate is ${pull ? '' : 'not '}taken for pulls, ${push ? '' : 'not '}for pushes`, async () => {
    await withAccess(flag, async (access) => {
      assert.deepEqual([await trusts(access.pull), await trusts(access.push)], [pull, push])
    })
  })
}

test('a certificate of ours is shown to the host it is for, and to no other', async () => {
  await using strict = await startRegistry({ tls: { ...certificate, clientAuthority: certificate.cert } })
  const trusted = `--registry-certificate=${strict.host}=${certificate.cert}`
  const shown = (host: string): string => `--registry-client-cert=${host}=${certificate.cert},${certificate.key}`
  for (const [argv, works] of [
    [[trusted], false],
    [[trusted, shown('other.example')], false],
    [[trusted, shown(strict.host)], true],
  ] as const) {
    await withAccess(argv, async ({ push }) => assert.equal(await trusts(push, strict.host), works, argv.join(' ')))
  }
})

test('files of certificates that cannot be used are named with their flag', async () => {
  const other = join(directory, 'other')
  mkdirSync(other)
  const { key } = selfSignedCertificate(other)
  for (const [flag, path] of [
    ['--registry-certificate=a.example=/nowhere.pem', '/nowhere.pem'],
    [`--registry-certificate=a.example=${key}`, key],
    [`--registry-client-cert=a.example=${certificate.cert},/nowhere.pem`, '/nowhere.pem'],
    [`--registry-client-cert=a.example=${certificate.cert},${key}`, key],
  ] as const) {
    await assert.rejects(
      withAccess([flag], async () => {}),
      (error: { message?: string; code?: string }) => {
        return error.code === 'credentials-invalid' && error.message === `${flag.split('=')[0]}: ${path} cannot be used`
      },
    )
  }
  for (const flag of ['--registry-certificate=a', '--registry-client-cert=a=/x']) {
    await assert.rejects(
      withAccess([flag], async () => {}),
      { code: 'usage' },
    )
  }
})

test('mirrors are for pulls only', async () => {
  const argv = [`--registry-map=127.0.0.1:1=${plain.host}/mirror`, '--skip-default-registry-fallback']
  await withAccess(argv, async (access) => {
    await pushImage(access.push, `${plain.host}/mirror/app:1`, image)
    const found = await access.pull.resolve(parseReference('127.0.0.1:1/app:1'))
    assert.equal(found.digest, image.manifestDescriptor.digest)
    await assert.rejects(access.push.resolve(parseReference('127.0.0.1:1/app:1')), { code: 'registry-unreachable' })
  })
})

test('a failing request is tried twice more without being asked to', async () => {
  await using proxy = await startRegistryProxy(plain.host)
  await withAccess([], async (access) => {
    await pushImage(access.push, `${proxy.host}/again:1`, image)
    const get = `GET /v2/again/manifests/1`
    proxy.failNext(2, (request) => request === get)
    await access.pull.manifest(parseReference(`${proxy.host}/again:1`))
    assert.equal(proxy.requests.filter((request) => request === get).length, 3)
  })
})
