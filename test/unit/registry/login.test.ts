import assert from 'node:assert/strict'
import type { IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { digestOf } from '../../../src/oci/digest.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseReference, parseRepository } from '../../../src/oci/reference.ts'
import type { Credential, CredentialSource } from '../../../src/registry/credentials.ts'
import { collect } from '../../../src/stream/bytes.ts'
import { type RunningServer, startHttpServer } from '../../support/http-server.ts'
import { randomBlob, refusal, testClient } from './test-client.ts'

const manifest = Buffer.from('{"schemaVersion":2}')
const headers = { 'content-type': mediaTypes.ociManifest, 'docker-content-digest': digestOf(manifest) }

interface TokenRegistry extends AsyncDisposable {
  readonly host: string
  /** What the token server was asked: "GET scopes authorization", "POST form". */
  readonly asked: string[]
  /** The Authorization headers that the registry itself saw, "-" for none. */
  readonly seen: string[]
}

interface TokenRegistryOptions {
  readonly realm?: (host: string) => string
  /** The body of the token server's n-th answer; a number is a status. */
  readonly token?: (count: number) => unknown
  readonly accepts?: (authorization: string) => boolean
}

/** A registry that wants a bearer token; its token server is at the same host. */
async function startTokenRegistry(o: TokenRegistryOptions = {}): Promise<TokenRegistry> {
  const [asked, seen]: [string[], string[]] = [[], []]
  const server: RunningServer = await startHttpServer(async (request, response) => {
    if (request.url === '/v2/') return void response.end()
    const { authorization = '-', host = '' } = request.headers
    if (request.url?.startsWith('/token')) {
      asked.push(await described(request))
      const answer = o.token?.(asked.length) ?? { token: `t${asked.length}`, expires_in: 300 }
      return void response.writeHead(typeof answer === 'number' ? answer : 200).end(JSON.stringify(answer))
    }
    seen.push(authorization)
    if (o.accepts?.(authorization) ?? authorization.startsWith('Bearer t'))
      return void response.writeHead(200, headers).end(manifest)
    const realm = o.realm?.(host) ?? `http://${host}/token`
    const challenge = `Bearer realm="${realm}",service="registry of tests",scope="repository:app:pull"`
    response.writeHead(401, { 'www-authenticate': challenge })
    response.end('{"errors":[{"code":"UNAUTHORIZED","message":"who are you?"}]}')
  })
  return { host: server.host, asked, seen, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function described(request: IncomingMessage): Promise<string> {
  if (request.method === 'POST') return `POST ${await collect(request, 10_000)}`
  const query = new URL(request.url ?? '', 'http://x').searchParams
  return `GET ${query.getAll('scope').join(' ')} of ${query.get('service')} ${request.headers.authorization ?? '-'}`
}

function always(credential: Credential): CredentialSource {
  return { find: () => Promise.resolve(credential) }
}

const me = always({ username: 'me', password: 'secret' })

test('a token is fetched without a login where there is none, and used until it expires', async () => {
  await using registry = await startTokenRegistry()
  await using t = testClient()
  const reference = parseReference(`${registry.host}/app:1`)
  await t.client.manifest(reference)
  await t.client.manifest(reference)
  assert.deepEqual(registry.asked, ['GET repository:app:pull of registry of tests -'])
  assert.deepEqual(registry.seen, ['-', 'Bearer t1', 'Bearer t1'])
})

test('username and password go to the token server only', async () => {
  await using registry = await startTokenRegistry()
  await using t = testClient({ credentials: me })
  await t.client.manifest(parseReference(`${registry.host}/app:1`))
  assert.deepEqual(registry.asked, [`GET repository:app:pull of registry of tests Basic ${btoa('me:secret')}`])
  assert.deepEqual(registry.seen, ['-', 'Bearer t1'])
})

test('an identity token is exchanged by the form of OAuth2', async () => {
  await using registry = await startTokenRegistry({ token: () => ({ access_token: 'tx' }) })
  await using t = testClient({ credentials: always({ identityToken: 'id&entity' }) })
  await t.client.manifest(parseReference(`${registry.host}/app:1`))
  const form = new URLSearchParams((registry.asked[0] ?? '').slice('POST '.length))
  assert.deepEqual(Object.fromEntries(form), {
    grant_type: 'refresh_token',
    client_id: 'hearth',
    refresh_token: 'id&entity',
    service: 'registry of tests',
    scope: 'repository:app:pull',
  })
  assert.deepEqual(registry.seen, ['-', 'Bearer tx'])
})

test('a registry token is used as it is', async () => {
  await using registry = await startTokenRegistry()
  await using t = testClient({ credentials: always({ registryToken: 'tr' }) })
  await t.client.manifest(parseReference(`${registry.host}/app:1`))
  assert.deepEqual([registry.asked, registry.seen], [[], ['-', 'Bearer tr']])
})

test('many requests at once share one token', async () => {
  await using registry = await startTokenRegistry()
  await using t = testClient({ credentials: me })
  const reference = parseReference(`${registry.host}/app:1`)
  await Promise.all(Array.from({ length: 8 }, () => t.client.manifest(reference)))
  assert.equal(registry.asked.length, 1)
})

test('another repository needs another token, which is fetched before it is asked for', async () => {
  await using registry = await startTokenRegistry()
  await using t = testClient()
  await t.client.manifest(parseReference(`${registry.host}/app:1`))
  await t.client.manifest(parseReference(`${registry.host}/other:1`))
  assert.equal(registry.asked[1], 'GET repository:other:pull of registry of tests -')
  assert.deepEqual(registry.seen, ['-', 'Bearer t1', 'Bearer t2'])
})

test('a token that is no longer accepted is renewed once', async () => {
  let good = 'Bearer t1'
  await using registry = await startTokenRegistry({ accepts: (authorization) => authorization === good })
  await using t = testClient()
  const reference = parseReference(`${registry.host}/app:1`)
  await t.client.manifest(reference)
  good = 'Bearer t2'
  await t.client.manifest(reference)
  assert.deepEqual(registry.seen, ['-', 'Bearer t1', 'Bearer t1', 'Bearer t2'])
})

test('a short-lived token is not used after its time', async () => {
  await using registry = await startTokenRegistry({ token: (count) => ({ token: `t${count}`, expires_in: 0.05 }) })
  await using t = testClient()
  const reference = parseReference(`${registry.host}/app:1`)
  await t.client.manifest(reference)
  await new Promise((resolve) => setTimeout(resolve, 100))
  await t.client.manifest(reference)
  assert.deepEqual(registry.seen, ['-', 'Bearer t1', 'Bearer t2'])
})

test('a registry that accepts no token is given up with its own words', async () => {
  await using registry = await startTokenRegistry({ accepts: () => false })
  await using t = testClient({ credentials: me })
  const pulled = t.client.manifest(parseReference(`${registry.host}/app:1`))
  await assert.rejects(pulled, refusal('registry-auth', /answered 401: UNAUTHORIZED: who are you\?/))
  assert.deepEqual([registry.seen.length, registry.asked.length], [2, 1])
})

test('a token server that refuses or makes no sense is told as a login problem', async () => {
  const answers: readonly (readonly [unknown, RegExp])[] = [
    [401, /answered 401/],
    [400, /answered 400/],
    [{}, /no usable token/],
    [{ token: 7 }, /no usable token/],
    [{ token: 'a\r\nb' }, /no usable token/],
    [{ token: 'x'.repeat(70_000) }, /no usable token/],
    [[], /no usable token/],
  ]
  for (const [answer, words] of answers) {
    await using registry = await startTokenRegistry({ token: () => answer })
    await using t = testClient({ credentials: me })
    await assert.rejects(t.client.manifest(parseReference(`${registry.host}/app:1`)), refusal('registry-auth', words))
  }
})

test('a token server at a forbidden address is never asked', async () => {
  for (const realm of [
    'http://169.254.169.254/token',
    'http://10.0.0.1/token',
    'file:///token',
    'no address',
    'http://[fe80::1]/',
  ]) {
    await using registry = await startTokenRegistry({ realm: () => realm })
    await using t = testClient({ credentials: me, policy: { retries: 0 } })
    const pulled = t.client.manifest(parseReference(`${registry.host}/app:1`))
    await assert.rejects(pulled, refusal('registry-auth', /token server that is not to be trusted/, /Nothing was sent/))
  }
})

test('a token server that is not there is named', async () => {
  await using registry = await startTokenRegistry({ realm: () => 'http://127.0.0.1:1/token' })
  await using t = testClient({ credentials: me, policy: { retries: 0 } })
  const pulled = t.client.manifest(parseReference(`${registry.host}/app:1`))
  await assert.rejects(pulled, refusal('registry-unreachable', /127\.0\.0\.1:1: nothing listens there/))
})

test('a storage host that a blob is fetched from sees no login, even if it asks for one', async () => {
  const blob = randomBlob(1000)
  const seen: (string | undefined)[] = []
  let wantsLogin = false
  await using storage = await startHttpServer((request, response) => {
    seen.push(request.headers.authorization)
    const challenge = { 'www-authenticate': `Bearer realm="http://${storage.host}/token"` }
    if (wantsLogin) response.writeHead(401, challenge).end()
    else response.end(blob.bytes)
  })
  await using registry = await startHttpServer((request, response) => {
    if (request.url === '/v2/') return void response.end()
    if (request.headers.authorization === undefined)
      response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    else response.writeHead(307, { location: `http://${storage.host}/blob?signature=1` }).end()
  })
  await using t = testClient({ credentials: me })
  const repository = parseRepository(`${registry.host}/app`)
  assert.deepEqual(await collect(t.client.openBlob(repository, blob.descriptor), 5000), blob.bytes)
  wantsLogin = true
  await assert.rejects(collect(t.client.openBlob(repository, blob.descriptor), 5000), refusal('registry-auth'))
  assert.deepEqual(seen, [undefined, undefined])
  assert.deepEqual(storage.requests, ['GET /blob?signature=1', 'GET /blob?signature=1'])
})

test('a login for one repository is not used for another of the same registry', async () => {
  const asked: string[] = []
  const credentials: CredentialSource = {
    find(registry, repository = '') {
      asked.push(`${registry}/${repository}`)
      return Promise.resolve({ username: repository, password: 'x' })
    },
  }
  const seen: string[] = []
  await using registry = await startHttpServer((request, response) => {
    if (request.url === '/v2/') return void response.end()
    if (request.headers.authorization === undefined)
      return void response.writeHead(401, { 'www-authenticate': 'Basic realm="x"' }).end()
    seen.push(atob(request.headers.authorization.slice('Basic '.length)))
    response.writeHead(200, headers).end(manifest)
  })
  await using t = testClient({ credentials })
  for (const name of ['a/b', 'c/d', 'a/b']) await t.client.manifest(parseReference(`${registry.host}/${name}:1`))
  assert.deepEqual(seen, ['a/b:x', 'c/d:x', 'a/b:x'])
  assert.deepEqual(asked, [`${registry.host}/a/b`, `${registry.host}/c/d`])
})
