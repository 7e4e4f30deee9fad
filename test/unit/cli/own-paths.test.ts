import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contextPaths } from '../../../src/cli/own-paths.ts'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'

test('what lies on this machine of named contexts is known, so that a build in place leaves it alone', () => {
  const places = ['a=sub', 'b=/abs', 'c=oci-layout://l:1', 'd=https://h.example/x.tar', 'e=docker-image://f']
  const flags = places.map((place) => `--build-context=${place}`)
  const parsed = parseExecutor(['--no-push', ...flags], {}, '/here')
  assert.ok(parsed.kind === 'build')
  assert.deepEqual(contextPaths(parsed.options), ['/here/sub', '/abs', '/here/l'])
})
