import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseReference } from '../../../src/oci/reference.ts'
import { abortable } from '../../../src/registry/abortable.ts'
import { parseChallenges, preferredChallenge } from '../../../src/registry/challenge.ts'
import { originEndpoint, pullEndpoints } from '../../../src/registry/endpoint.ts'
import { mergeScopes } from '../../../src/registry/scope.ts'

test('a bearer challenge is read with its parameters', () => {
  const header = 'Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"'
  const parameters = {
    realm: 'https://auth.example/token',
    service: 'registry.example',
    scope: 'repository:a/b:pull,push',
  }
  assert.deepEqual(parseChallenges(header), [{ scheme: 'bearer', parameters }])
})

test('challenges come in many spellings', () => {
  assert.deepEqual(parseChallenges('basic'), [{ scheme: 'basic', parameters: {} }])
  assert.deepEqual(parseChallenges('BASIC Realm = "a \\"b\\", c"'), [
    { scheme: 'basic', parameters: { realm: 'a "b", c' } },
  ])
  assert.deepEqual(parseChallenges('Bearer realm=https://a.example/t , service=x'), [
    { scheme: 'bearer', parameters: { realm: 'https://a.example/t', service: 'x' } },
  ])
  const two = parseChallenges('Negotiate, Basic realm="x", Bearer realm="https://a", error="invalid_token"')
  assert.deepEqual(
    two.map((challenge) => challenge.scheme),
    ['negotiate', 'basic', 'bearer'],
  )
  assert.deepEqual(two[2]?.parameters, { realm: 'https://a', error: 'invalid_token' })
})

test('a token is preferred to a password, and neither is made up', () => {
  assert.equal(preferredChallenge('Basic realm="x", Bearer realm="https://a"')?.scheme, 'bearer')
  assert.equal(preferredChallenge('Bearer service="x", Basic realm="y"')?.scheme, 'basic')
  assert.equal(preferredChallenge('Negotiate'), undefined)
  assert.equal(preferredChallenge(''), undefined)
  assert.equal(preferredChallenge(undefined), undefined)
})

test('no header makes the reader fail, hang or pollute a prototype', () => {
  fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => Array.isArray(parseChallenges(text))))
  const started = performance.now()
  parseChallenges(`Bearer ${'a="\\'.repeat(100_000)}`)
  parseChallenges(`${' ,'.repeat(100_000)}x`)
  assert.ok(performance.now() - started < 1000)
  assert.equal(preferredChallenge('Basic __proto__="x", realm="y"')?.parameters.realm, 'y')
})

test('Docker Hub is reached under another name than its logins are kept under', () => {
  assert.deepEqual(originEndpoint(parseReference('debian')), {
    host: 'registry-1.docker.io',
    registry: 'index.docker.io',
    repository: 'library/debian',
    isMirror: false,
  })
})

test('mirrors come first, with their prefix before the repository', () => {
  const mirrors = new Map([
    ['index.docker.io', ['mirror.example:5000/hub/cache', 'https://other.example/']],
    ['r.example', ['docker.io']],
  ])
  const places = (name: string, fallback: boolean) => {
    return pullEndpoints(parseReference(name), { mirrors, fallback }).map(
      (e) => `${e.host}/${e.repository} as ${e.registry}`,
    )
  }
  const mirrored = [
    'mirror.example:5000/hub/cache/library/debian as mirror.example:5000',
    'other.example/library/debian as other.example',
  ]
  assert.deepEqual(places('debian', false), mirrored)
  assert.deepEqual(places('debian', true), [...mirrored, 'registry-1.docker.io/library/debian as index.docker.io'])
  assert.deepEqual(places('r.example/a', false), ['registry-1.docker.io/a as index.docker.io'])
  assert.deepEqual(places('s.example/a', false), ['s.example/a as s.example'])
})

test('a mirror of docker.io is a mirror of Docker Hub', () => {
  const mirrors = new Map([['docker.io', ['mirror.example']]])
  assert.equal(pullEndpoints(parseReference('a/b'), { mirrors, fallback: true })[0]?.host, 'mirror.example')
})

test('scopes of one repository are joined', () => {
  const scopes = ['repository:b:pull', 'repository:a:pull,push', 'repository:b:push repository:b:pull', '']
  assert.deepEqual(mergeScopes(scopes), ['repository:a:pull,push', 'repository:b:pull,push'])
  assert.deepEqual(mergeScopes(['registry:catalog:*']), ['registry:catalog:*'])
})

test('an abort ends the waiting for shared work, not the work', async () => {
  const aborting = new AbortController()
  const reason = new Error('stop')
  const work = new Promise<string>((resolve) => setTimeout(() => resolve('done'), 30))
  const waiting = abortable(work, aborting.signal)
  aborting.abort(reason)
  await assert.rejects(waiting, (error) => error === reason)
  await assert.rejects(abortable(work, aborting.signal), (error) => error === reason)
  assert.equal(await abortable(work, new AbortController().signal), 'done')
  assert.equal(await abortable(work, undefined), 'done')
})
