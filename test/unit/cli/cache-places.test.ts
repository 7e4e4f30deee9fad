import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CacheTiers } from '../../../src/cli/cache-places.ts'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'
import { refusal } from './refusal.ts'

function tiers(...argv: readonly string[]): CacheTiers {
  const parsed = parseExecutor(['-d', 'r.example/app', '--cache', ...argv], {}, '/')
  assert.ok(parsed.kind === 'build')
  return parsed.options.cacheTiers
}
const repository = 'r.example/app/cache'

test('without them, the directory and the cache repository are read and written', () => {
  const both = { local: true, remote: [repository] }
  assert.deepEqual(tiers(), { from: both, to: both })
  assert.deepEqual(tiers('--no-push-cache'), { from: both, to: { local: true, remote: [] } })
})

test('--cache-from says what is read, and leaves what is written', () => {
  assert.deepEqual(tiers('--cache-from=r.example/main', '--cache-from', 'oci:/x'), {
    from: { local: true, remote: ['r.example/main', 'oci:/x'] },
    to: { local: true, remote: [repository] },
  })
  assert.deepEqual(tiers('--cache-from=none').from, { local: false, remote: [] })
  assert.deepEqual(tiers('--cache-from=local').from, { local: true, remote: [] })
})

test('--cache-to says what is written, even beside --no-push-cache', () => {
  assert.deepEqual(tiers('--cache-to=r.example/branch', '--no-push-cache'), {
    from: { local: true, remote: [repository] },
    to: { local: true, remote: ['r.example/branch'] },
  })
})

test("BuildKit's spelling", () => {
  const { from, to } = tiers(
    '--cache-from=type=registry,ref=r.example/a',
    '--cache-from=type=local,src=/x',
    '--cache-to=type=registry,ref=r.example/b,mode=max',
    '--cache-to=type=local,dest=/y',
  )
  assert.deepEqual(from.remote, ['r.example/a', 'oci:/x'])
  assert.deepEqual(to.remote, ['r.example/b', 'oci:/y'])
})

for (const [argv, message, kind] of [
  ['--cache-from=none --cache-from=local', /--cache-from: "none" stands alone/],
  ['--cache-to=oci:', /--cache-to: "oci:" names no directory/],
  ['--cache-from=r.example/Upper', /--cache-from: "r.example\/Upper"/, 'reference-invalid'],
  ['--cache-from=type=gha,scope=x', /--cache-from: type=gha is not supported/],
  ['--cache-to=type=registry,ref=r.example/b,mode=min', /--cache-to: mode=min is not supported/],
  ['--cache-to=type=registry', /--cache-to: type=registry lacks ref=/],
] as const) {
  test(`${argv} is refused`, () => {
    assert.throws(() => tiers(...argv.split(' ')), refusal(kind ?? 'usage', message))
  })
}

test('they need --cache', () => {
  const parse = (): unknown => parseExecutor(['--no-push', '--cache-from=r.example/a'], {}, '/')
  assert.throws(parse, refusal('usage', /--cache-from needs --cache/))
})
