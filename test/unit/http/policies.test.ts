import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { proxyFor } from '../../../src/http/proxy.ts'
import {
  defaultBackOff,
  isTransientError,
  isTransientStatus,
  longestRetryAfterMs,
  pauseMs,
} from '../../../src/http/retry.ts'
import { TransportError, transportError } from '../../../src/http/transport-error.ts'

const nowMs = Date.parse('2026-01-01T00:00:00Z')
const pause = { backOff: { firstMs: 100, longestMs: 1000 }, failures: 1, nowMs, random: 1 }

test('the pause doubles from try to try up to its limit', () => {
  assert.deepEqual(
    [1, 2, 3, 4, 5, 50].map((failures) => pauseMs({ ...pause, failures })),
    [100, 200, 400, 800, 1000, 1000],
  )
})

test('jitter takes away at most half of the pause', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 1, max: 100 }), (random, failures) => {
      const full = pauseMs({ ...pause, backOff: defaultBackOff, failures, random: 1 })
      const some = pauseMs({ ...pause, backOff: defaultBackOff, failures, random })
      return some >= full / 2 - 1 && some <= full
    }),
  )
})

test('Retry-After is honoured in both forms, up to a minute', () => {
  assert.equal(pauseMs({ ...pause, retryAfter: '7' }), 7000)
  assert.equal(pauseMs({ ...pause, retryAfter: '0' }), 0)
  assert.equal(pauseMs({ ...pause, retryAfter: 'Thu, 01 Jan 2026 00:00:09 GMT' }), 9000)
  assert.equal(pauseMs({ ...pause, retryAfter: 'Thu, 01 Jan 2020 00:00:00 GMT' }), 0)
  assert.equal(pauseMs({ ...pause, retryAfter: '86400' }), longestRetryAfterMs)
  assert.equal(pauseMs({ ...pause, retryAfter: 'soon' }), 100)
})

test('a second try is worth it after overload and gateway trouble, not after a refusal', () => {
  assert.deepEqual(
    [408, 429, 500, 502, 503, 504].filter((s) => !isTransientStatus(s)),
    [],
  )
  assert.deepEqual([200, 206, 301, 400, 401, 403, 404, 416, 501].filter(isTransientStatus), [])
})

test('a second try is worth it after a reset, not after a bad certificate', () => {
  const failure = (code: string) => transportError('h', Object.assign(new Error('x'), { code }))
  for (const code of [
    'ECONNRESET',
    'ECONNREFUSED',
    'EAI_AGAIN',
    'ENOTFOUND',
    'UND_ERR_SOCKET',
    'UND_ERR_BODY_TIMEOUT',
  ]) {
    assert.equal(isTransientError(failure(code)), true, code)
  }
  for (const code of ['CERT_HAS_EXPIRED', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'ERR_TLS_CERT_ALTNAME_INVALID', 'EPROTO']) {
    assert.equal(isTransientError(failure(code)), false, code)
  }
  assert.equal(isTransientError(new Error('a defect')), false)
})

test('a failure on every address of a name is told by the first one', () => {
  const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' })
  const error = transportError('registry.example', new AggregateError([refused, new Error('other')]))
  assert.equal(error.code, 'ECONNREFUSED')
  assert.equal(error.message, 'registry.example: nothing listens there (ECONNREFUSED)')
  assert.equal(transportError('other', error), error)
  assert.ok(error instanceof TransportError)
})

const proxies = { http: 'http://user:pass@plain.proxy:3128', https: 'secure.proxy:3129' }

test('the proxy is chosen by the scheme of the address', () => {
  assert.equal(proxyFor(new URL('http://a.example/'), proxies)?.host, 'plain.proxy:3128')
  assert.equal(proxyFor(new URL('https://a.example/'), proxies)?.href, 'http://secure.proxy:3129/')
  assert.equal(proxyFor(new URL('https://a.example/'), { http: 'http://p' }), undefined)
  assert.equal(proxyFor(new URL('https://a.example/'), { https: ' ' }), undefined)
})

test('the machine itself is never asked through a proxy', () => {
  for (const host of ['localhost:5000', '127.0.0.1', '[::1]:5000']) {
    assert.equal(proxyFor(new URL(`http://${host}/`), proxies), undefined, host)
  }
})

test('NO_PROXY takes names, their subdomains, ports, addresses and networks', () => {
  const direct = (host: string, noProxy: string) =>
    proxyFor(new URL(`https://${host}/`), { ...proxies, noProxy }) === undefined
  assert.equal(direct('a.example', '*'), true)
  assert.equal(direct('a.example', 'b.example, a.example'), true)
  assert.equal(direct('x.a.example', 'a.example'), true)
  assert.equal(direct('xa.example', 'a.example'), false)
  assert.equal(direct('x.a.example', '.a.example'), true)
  assert.equal(direct('a.example', '.a.example'), false)
  assert.equal(direct('x.a.example', '*.a.example'), true)
  assert.equal(direct('A.example:5000', 'a.EXAMPLE:5000'), true)
  assert.equal(direct('a.example', 'a.example:5000'), false)
  assert.equal(direct('a.example', 'a.example:443'), true)
  assert.equal(direct('10.96.0.1', '10.0.0.0/8'), true)
  assert.equal(direct('11.96.0.1', '10.0.0.0/8'), false)
  assert.equal(direct('10.96.0.1', '10.96.0.1'), true)
  assert.equal(direct('[fd00::7]', 'fd00::/16'), true)
  assert.equal(direct('[2001:db8::7]', '2001:db8::7'), true)
  assert.equal(direct('a.example', '10.0.0.0/99,nonsense/x'), false)
})

test('an unusable proxy address is an error that does not repeat it', () => {
  const url = new URL('https://a.example/')
  for (const https of ['socks5://me:secret@p:1', 'http://me:secret@:::']) {
    assert.throws(
      () => proxyFor(url, { https }),
      (error: Error) => /HTTPS_PROXY|proxy/.test(error.message) && !error.message.includes('secret'),
    )
  }
})
