import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  cacheKey,
  canonicalJson,
  isCacheKey,
  type KeyInput,
  type KeyRecord,
  type KeyValue,
  keyOfStored,
  storedRecord,
} from '../../../cache/key.ts'

const record: KeyRecord = {
  version: 1,
  parent: 'scratch',
  platform: 'linux/amd64',
  instruction: 'RUN',
  fields: { argv: ['/bin/sh', '-c', 'echo hi'], env: { A: '1', B: '2' }, user: '', workdir: '/' },
}
const input: KeyInput = {
  path: '/a',
  type: 'file',
  mode: 0o644,
  uid: 0,
  gid: 0,
  xattrs: { 'user.x': '00' },
  content: 'sha256:1',
}
const withInputs: KeyRecord = { ...record, inputs: [input, { ...input, path: '/b' }] }

const anyValue = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<KeyValue>

test('the key of a record never changes between versions of hearth', () => {
  assert.equal(cacheKey(record), '493b1957e462d25de4ca6c91ef83c24b374ee2dbf77ff758d7996d3a42370c6e')
  assert.equal(cacheKey(withInputs), 'ae96a5c30dbd485c276e8609e45b86b3ca7c5a6276ad2df0951d40320ee7426c')
})

test('a key is 64 hexadecimal digits, and nothing else passes for one', () => {
  assert.ok(isCacheKey(cacheKey(record)))
  for (const text of ['', 'a'.repeat(63), 'A'.repeat(64), `${'a'.repeat(64)}\n`, `${'../'.repeat(21)}a`]) {
    assert.equal(isCacheKey(text), false, text)
  }
})

test('canonical JSON has no white space and orders names by code unit', () => {
  assert.equal(
    canonicalJson({ b: [1, 'x', null], a: { é: true, z: -0.5, Z: '"' } }),
    '{"a":{"Z":"\\"","z":-0.5,"é":true},"b":[1,"x",null]}',
  )
})

test('canonical JSON is JSON and loses nothing', () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.deepEqual(JSON.parse(canonicalJson(value)), JSON.parse(JSON.stringify(value)))
    }),
  )
})

test('different values have different canonical JSON', () => {
  fc.assert(
    fc.property(anyValue, anyValue, (a, b) => {
      const equal = fc.stringify(JSON.parse(canonicalJson(a))) === fc.stringify(JSON.parse(canonicalJson(b)))
      assert.equal(canonicalJson(a) === canonicalJson(b), equal)
    }),
    { numRuns: 500 },
  )
})

test('what JSON cannot tell apart is refused', () => {
  for (const value of [Number.NaN, Number.POSITIVE_INFINITY, undefined, () => 1, 1n] as unknown as KeyValue[]) {
    assert.throws(() => canonicalJson(value))
    assert.throws(() => canonicalJson({ a: [value] }))
  }
})

test('a lone surrogate does not collide with its escape or its replacement', () => {
  const texts = ['\ud800', '\\ud800', '\ufffd', '\\\\ud800']
  assert.equal(new Set(texts.map((text) => Buffer.from(canonicalJson(text)).toString('hex'))).size, texts.length)
})

test('the order in which fields were written does not change the key', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), anyValue), fc.infiniteStream(fc.nat()), (fields, order) => {
      const names = Object.keys(fields)
      const shuffled = names.map((name) => [order.next().value as number, name] as const).sort((a, b) => a[0] - b[0])
      const again = Object.fromEntries(shuffled.map(([, name]) => [name, fields[name] as KeyValue]))
      assert.equal(cacheKey({ ...record, fields: again }), cacheKey({ ...record, fields }))
    }),
  )
})

/** Every path to a leaf of a value, to change one at a time. */
function leafPaths(value: unknown, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  if (typeof value !== 'object' || value === null) return [path]
  return Object.entries(value).flatMap(([name, inner]) => leafPaths(inner, [...path, name]))
}

function mutated(value: unknown, path: readonly (string | number)[]): unknown {
  const copy = JSON.parse(JSON.stringify(value)) as Record<string, unknown>
  let at = copy
  for (const name of path.slice(0, -1)) at = at[name] as Record<string, unknown>
  const last = path.at(-1) as string
  at[last] = typeof at[last] === 'number' ? (at[last] as number) + 1 : `${String(at[last])}'`
  return copy
}

test('changing any one value of a record or its inputs changes the key', () => {
  const paths = leafPaths(withInputs)
  assert.equal(paths.length, 4 + 7 + 14)
  const keys = paths.map((path) => cacheKey(mutated(withInputs, path) as KeyRecord))
  assert.equal(new Set([...keys, cacheKey(withInputs)]).size, paths.length + 1)
})

test('order, presence and borders of inputs and arguments count', () => {
  const [a, b] = [input, { ...input, path: '/b' }]
  const variants: KeyRecord[] = [
    record,
    { ...record, inputs: [] },
    { ...record, inputs: [a] },
    { ...record, inputs: [a, b] },
    { ...record, inputs: [b, a] },
    { ...record, inputs: [a, a] },
    { ...record, inputs: [{ path: '/a', type: 'file', mode: 0o644, content: 'sha256:1' }] },
    { ...record, fields: { argv: ['a', 'b'] } },
    { ...record, fields: { argv: ['a b'] } },
    { ...record, fields: { argv: ['a,b'] } },
    { ...record, fields: { argv: ['a","b'] } },
    { ...record, fields: { env: { A: 'b=c' } } },
    { ...record, fields: { env: { 'A=b': 'c' } } },
    { ...record, fields: { user: '' } },
    { ...record, fields: { user: null } },
    { ...record, fields: {} },
  ]
  assert.equal(new Set(variants.map(cacheKey)).size, variants.length)
})

test('a record in its kept form has the same key, and names its inputs by digest only', () => {
  const kept = storedRecord(withInputs)
  assert.equal(keyOfStored(kept), cacheKey(withInputs))
  assert.match(String(kept.inputs), /^sha256:[0-9a-f]{64}$/)
  assert.deepEqual(storedRecord(record), record)
})
