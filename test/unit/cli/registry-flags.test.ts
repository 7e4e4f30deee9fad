import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Variables } from '../../../src/cli/environment.ts'
import { FlagValues } from '../../../src/cli/flags/flag-values.ts'
import { readArguments } from '../../../src/cli/flags/read-arguments.ts'
import { type RegistryFlags, readRegistryFlags, registryFlags } from '../../../src/cli/flags/registry-flags.ts'
import { refusal } from './refusal.ts'

function read(argv: readonly string[], env: Variables = {}): RegistryFlags {
  return readRegistryFlags(new FlagValues(registryFlags, readArguments(argv, registryFlags).given), env)
}

function mirrors(argv: readonly string[], env: Variables = {}): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(read(argv, env).mirrors)
}

test('without flags everything is checked and nothing is mirrored', () => {
  assert.deepEqual(read([]), {
    insecure: false,
    insecurePull: false,
    insecureRegistries: [],
    skipTlsVerify: false,
    skipTlsVerifyPull: false,
    skipTlsVerifyRegistries: [],
    mirrors: new Map(),
    fallback: true,
    certificates: [],
    clientCertificates: [],
    credentialHelpers: ['env', 'gitlab'],
  })
})

test('hosts are listed one by one, commas and all', () => {
  const argv = ['--insecure-registry=a:5000', '--insecure-registry', 'b,c', '--skip-tls-verify-registry=d']
  const { insecureRegistries, skipTlsVerifyRegistries } = read(argv)
  assert.deepEqual([insecureRegistries, skipTlsVerifyRegistries], [['a:5000', 'b,c'], ['d']])
})

test('a mirror stands before Docker Hub, behind what is mapped to it', () => {
  const argv = ['--registry-mirror=m1', '--registry-map=index.docker.io=x/p;r.example=y', '--registry-mirror', 'm2']
  assert.deepEqual(mirrors(argv), { 'index.docker.io': ['x/p', 'm1', 'm2'], 'r.example': ['y'] })
})

test('docker.io and index.docker.io are one registry', () => {
  assert.deepEqual(mirrors(['--registry-map=docker.io=a', '--registry-map=index.docker.io=b']), {
    'index.docker.io': ['a', 'b'],
  })
})

test('what the environment says is added behind the flags', () => {
  const env = { KANIKO_REGISTRY_MAP: 'r=b;s=c', KANIKO_REGISTRY_MIRROR: 'm2' }
  assert.deepEqual(mirrors(['--registry-map=r=a', '--registry-mirror=m1'], env), {
    r: ['a', 'b'],
    s: ['c'],
    'index.docker.io': ['m1', 'm2'],
  })
  assert.deepEqual(mirrors([], { KANIKO_REGISTRY_MAP: '', KANIKO_REGISTRY_MIRROR: '' }), {})
})

test('a map that is none is refused by the name of where it stands', () => {
  assert.throws(() => read(['--registry-map=r']), refusal('usage', /"--registry-map"/))
  assert.throws(() => read([], { KANIKO_REGISTRY_MAP: 'r=' }), refusal('usage', /"KANIKO_REGISTRY_MAP"/))
})
