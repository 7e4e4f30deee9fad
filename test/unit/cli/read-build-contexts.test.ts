import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'
import type { NamedContexts } from '../../../src/plan/named-contexts.ts'
import { refusal } from './refusal.ts'

function contexts(...values: readonly string[]): NamedContexts {
  const flags = values.map((value) => `--build-context=${value}`)
  const parsed = parseExecutor(['--no-push', ...flags], {}, '/here')
  assert.ok(parsed.kind === 'build')
  return parsed.options.buildContexts
}

const name = 'index.docker.io/library/a:latest'
const digest = `sha256:${'c'.repeat(64)}`

for (const [place, expected] of [
  ['sub/dir', { kind: 'files', name: 'a', place: '/here/sub/dir' }],
  ['..', { kind: 'files', name: 'a', place: '/' }],
  ['/abs=x', { kind: 'files', name: 'a', place: '/abs=x' }],
  ['dir://sub', { kind: 'files', name: 'a', place: '/here/sub' }],
  ['https://h.example/a.tar?b=c', { kind: 'files', name: 'a', place: 'https://h.example/a.tar?b=c' }],
  ['git@h.example:r', { kind: 'files', name: 'a', place: 'git@h.example:r' }],
  ['https://h.example/r.git#main:sub', { kind: 'files', name: 'a', place: 'https://h.example/r.git#main:sub' }],
  ['github.com/o/r#main', { kind: 'files', name: 'a', place: 'https://github.com/o/r.git#main' }],
  ['docker-image://scratch', { kind: 'scratch' }],
  ['oci-layout://l', { kind: 'image', reference: { layout: '/here/l', tag: undefined, digest: undefined } }],
  ['oci-layout:///l:t', { kind: 'image', reference: { layout: '/l', tag: 't', digest: undefined } }],
  ['oci-layout:///l:team/app:1', { kind: 'image', reference: { layout: '/l', tag: 'team/app:1', digest: undefined } }],
  [`oci-layout:///l@${digest}`, { kind: 'image', reference: { layout: '/l', tag: undefined, digest } }],
  [`oci-layout:///l:t@${digest}`, { kind: 'image', reference: { layout: '/l', tag: 't', digest } }],
] as const) {
  test(`a context can be ${place}`, () => {
    assert.deepEqual(contexts(`a=${place}`), new Map([[name, expected]]))
  })
}

test('the image of docker-image:// is completed as that of a FROM', () => {
  assert.deepEqual(contexts('a=docker-image://alpine').get(name), {
    kind: 'image',
    reference: { registry: 'index.docker.io', repository: 'library/alpine', tag: 'latest', digest: undefined },
  })
})

test('names are references: one image has one name, and a later value wins', () => {
  const spelled = ['a=1', 'a:latest=2', 'docker.io/a=3', 'index.docker.io/library/a:latest=4', 'a:v1=5']
  const places = [...contexts(...spelled)].map(([key, context]) => [key, context.kind === 'files' && context.place])
  assert.deepEqual(places, [
    [name, '/here/4'],
    ['index.docker.io/library/a:v1', '/here/5'],
  ])
})

for (const [value, code, message] of [
  ['a', 'usage', /must be of the form name=place, got "a"/],
  ['=x', 'usage', /name=place/],
  ['a=', 'usage', /name=place/],
  ['Upper=x', 'reference-invalid', /--build-context: "Upper"/],
  ['Scratch=x', 'usage', /"Scratch" cannot be given another meaning/],
  ['context=x', 'usage', /"context" cannot be given another meaning/],
  ['a=docker-image://B@d', 'reference-invalid', /--build-context a: /],
  ['a=oci-layout://', 'usage', /does not name an image of an OCI layout/],
  ['a=oci-layout://l:', 'usage', /does not name an image of an OCI layout/],
  ['a=oci-layout://l@sha256:1', 'usage', /does not name an image of an OCI layout/],
  ['a=s3://b/c', 'context-unsupported', /--build-context a: s3:\/\/b\/c/],
  ['a=git://h.example/r?what=1', 'git-address', /--build-context a: /],
] as const) {
  test(`--build-context ${value} is refused`, () => assert.throws(() => contexts(value), refusal(code, message)))
}
