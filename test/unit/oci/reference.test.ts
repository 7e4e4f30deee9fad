import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { HearthError } from '../../../src/errors.ts'
import { formatReference, parseReference, parseRepository } from '../../../src/oci/reference.ts'

const hex = 'a'.repeat(64)

const accepted: readonly (readonly [string, string])[] = [
  ['debian', 'index.docker.io/library/debian:latest'],
  ['debian:12', 'index.docker.io/library/debian:12'],
  ['team/app', 'index.docker.io/team/app:latest'],
  ['docker.io/debian', 'index.docker.io/library/debian:latest'],
  ['docker.io/team/app:1', 'index.docker.io/team/app:1'],
  ['index.docker.io/library/debian', 'index.docker.io/library/debian:latest'],
  ['localhost/app', 'localhost/app:latest'],
  ['localhost:5000/app:1', 'localhost:5000/app:1'],
  ['127.0.0.1:5000/a/b/c', '127.0.0.1:5000/a/b/c:latest'],
  ['[::1]:5000/app', '[::1]:5000/app:latest'],
  ['gcr.io/p/i:t', 'gcr.io/p/i:t'],
  [`debian@sha256:${hex}`, `index.docker.io/library/debian@sha256:${hex}`],
  [`r.example/a:1@sha256:${hex}`, `r.example/a:1@sha256:${hex}`],
  ['a_b/c.d-e__f:T_1.x-y', 'index.docker.io/a_b/c.d-e__f:T_1.x-y'],
  ['REG/app', 'REG/app:latest'],
]

for (const [text, full] of accepted) {
  test(`"${text}" means ${full}`, () => {
    assert.equal(formatReference(parseReference(text)), full)
  })
}

const refused = [
  '',
  ':1',
  'Debian',
  'a//b',
  'a/',
  '/a',
  'a:b:c',
  'a:-x',
  `a@sha256:${hex.slice(1)}`,
  'a@md5:00',
  'a b',
  'r.example/A',
  '../a',
  'a:',
  `a:${'x'.repeat(129)}`,
  `${'a'.repeat(256)}/b`,
  'http://r.example/a',
]

for (const text of refused) {
  test(`"${text.slice(0, 30)}" is refused with a reason`, () => {
    assert.throws(
      () => parseReference(text),
      (error: unknown) => error instanceof HearthError && error.code === 'reference-invalid' && error.why !== undefined,
    )
  })
}

test('a repository has no tag and no digest', () => {
  assert.equal(formatReference(parseRepository('r.example/cache')), 'r.example/cache')
  assert.throws(() => parseRepository('r.example/cache:1'), HearthError)
})

test('what is printed parses to the same reference', () => {
  const name = fc.stringMatching(/^[a-z0-9]{1,8}([._-][a-z0-9]{1,4})?$/)
  const parts = fc.record({
    host: fc.constantFrom('', 'r.example/', 'localhost:5000/'),
    path: fc.array(name, { minLength: 1, maxLength: 3 }),
    tag: fc.option(fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9._-]{0,20}$/)),
    digest: fc.boolean(),
  })
  fc.assert(
    fc.property(parts, ({ host, path, tag, digest }) => {
      const text = `${host}${path.join('/')}${tag === null ? '' : `:${tag}`}${digest ? `@sha256:${hex}` : ''}`
      const reference = parseReference(text)
      assert.deepEqual(parseReference(formatReference(reference)), reference)
    }),
  )
})
