import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseReference } from '../../../src/oci/reference.ts'
import { contextName, type NamedContext } from '../../../src/plan/named-contexts.ts'
import { findingsIn } from './linting.ts'

function rulesFor(text: string, name: string, context: NamedContext): readonly string[] {
  return findingsIn(text, { contexts: new Map([[contextName(name), context]]) }).map(({ rule }) => rule)
}

const pinned: NamedContext = {
  kind: 'image',
  reference: parseReference(`a@sha256:${'a'.repeat(64)}`),
}

test('of a base that a named context replaces, the image of the context is judged', () => {
  assert.deepEqual(rulesFor('FROM base\n', 'base', pinned), [])
  assert.deepEqual(rulesFor('FROM base AS stage\n', 'stage', pinned), [])
  assert.deepEqual(rulesFor('FROM base:1\n', 'base:1', { kind: 'image', reference: parseReference('a') }), [
    'LatestBaseImage',
    'UnpinnedBaseImage',
  ])
})

test('directories and layouts on disk need no pin', () => {
  assert.deepEqual(rulesFor('FROM base\n', 'base', { kind: 'files', name: 'base', place: '/dir' }), [])
  const layout = { layout: '/l', tag: 'latest', digest: undefined }
  assert.deepEqual(rulesFor('FROM base\n', 'base', { kind: 'image', reference: layout }), [])
})
