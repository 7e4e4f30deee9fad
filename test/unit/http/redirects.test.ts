import assert from 'node:assert/strict'
import { test } from 'node:test'
import { reachOf, refusalToFollow } from '../../../src/http/reach.ts'
import { downloadRedirects, type Hop, nextHop } from '../../../src/http/redirects.ts'

const hop: Hop = {
  method: 'GET',
  url: new URL('https://registry.example/v2/app/blobs/1'),
  status: 307,
  location: 'https://storage.example/1?signature=x',
  headers: {
    authorization: 'Bearer secret',
    cookie: 'a=b',
    'x-token': 'secret',
    range: 'bytes=5-',
    'user-agent': 'hearth/1',
  },
  hops: 0,
}

function follow(change: Partial<Hop>): { url: string; headers: string[] } | string {
  const next = nextHop(downloadRedirects, { ...hop, ...change })
  if (next.kind === 'follow') return { url: next.url.href, headers: Object.keys(next.headers) }
  return next.kind === 'refuse' ? next.why : 'arrived'
}

test('only harmless headers follow a redirect to another host', () => {
  assert.deepEqual(follow({}), { url: 'https://storage.example/1?signature=x', headers: ['range', 'user-agent'] })
})

test('another port or a change of scheme counts as another origin', () => {
  const all = Object.keys(hop.headers)
  assert.deepEqual(follow({ location: '/elsewhere' }), { url: 'https://registry.example/elsewhere', headers: all })
  const otherPort = follow({ location: 'https://registry.example:444/1' })
  assert.deepEqual(otherPort, { url: 'https://registry.example:444/1', headers: ['range', 'user-agent'] })
  const upgraded = follow({ url: new URL('http://registry.example/1'), location: 'https://registry.example/1' })
  assert.deepEqual(upgraded, { url: 'https://registry.example/1', headers: ['range', 'user-agent'] })
})

test('a redirect from https to http is refused', () => {
  assert.match(String(follow({ location: 'http://storage.example/1' })), /from https to plain http/)
})

test('a redirect to another kind of address is refused', () => {
  assert.match(String(follow({ location: 'file:///etc/passwd' })), /not a web address/)
  assert.match(String(follow({ location: 'https://' })), /no valid address/)
})

test('a public host cannot send us to this machine or its metadata service', () => {
  for (const host of [
    '127.0.0.1',
    'localhost',
    '[::1]',
    '0x7f.1',
    '169.254.169.254',
    '[::ffff:127.0.0.1]',
    '0.0.0.0',
    '[fe80::1]',
  ]) {
    assert.match(String(follow({ location: `https://${host}/latest` })), /must not lead/, host)
  }
  assert.equal(
    typeof follow({ location: 'https://10.1.2.3/blob' }),
    'object',
    'private storage is common inside clusters',
  )
})

test('more than five redirects are refused', () => {
  assert.equal(typeof follow({ hops: 4 }), 'object')
  assert.match(String(follow({ hops: 5 })), /more than 5/)
})

test('what is no redirect of a download arrives unchanged', () => {
  assert.equal(follow({ method: 'PUT' }), 'arrived')
  assert.equal(follow({ status: 200 }), 'arrived')
  assert.equal(follow({ status: 304 }), 'arrived')
  assert.equal(follow({ location: undefined }), 'arrived')
})

test('addresses are told apart by how far they reach', () => {
  const expected = {
    'registry.example': 'public',
    '8.8.8.8': 'public',
    '[2001:db8::1]': 'public',
    '192.168.7.1': 'private',
    '172.31.255.255': 'private',
    '172.32.0.1': 'public',
    '[fd00::1]': 'private',
    '127.8.8.8': 'loopback',
    'a.localhost': 'loopback',
    '169.254.1.1': 'link-local',
  }
  for (const [host, reach] of Object.entries(expected)) assert.equal(reachOf(host), reach, host)
})

test('hosts may point to addresses that reach as far as they do', () => {
  const [here, there] = [new URL('http://127.0.0.1:5000/'), new URL('http://127.0.0.1:6000/')]
  assert.equal(refusalToFollow(here, there, { allowPrivate: false }), undefined)
  const cluster = new URL('http://10.0.0.2/')
  assert.equal(refusalToFollow(cluster, new URL('http://10.0.0.3/'), { allowPrivate: false }), undefined)
  assert.match(refusalToFollow(cluster, here, { allowPrivate: false }) ?? '', /loopback/)
  assert.match(refusalToFollow(new URL('http://a.example/'), cluster, { allowPrivate: false }) ?? '', /private/)
})
