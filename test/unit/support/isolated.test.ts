import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { tryRun } from '../../support/command.ts'
import { runIn } from '../../support/isolated.ts'
import { temporaryDirectory } from '../../support/temp.ts'

test('a program sees read-only directories, tiny disks and host names that nobody else sees', async (t) => {
  const [readOnly, tiny] = [temporaryDirectory(t), temporaryDirectory(t)]
  const before = readFileSync('/proc/self/mounts', 'utf8')
  const surroundings = { readOnly: [readOnly], tiny: [{ directory: tiny, bytes: 65_536 }], hosts: ['registry.test'] }
  const script = `touch ${readOnly}/x; head -c 100000 /dev/zero > ${tiny}/x; getent hosts registry.test; exit 5`
  const result = await runIn(surroundings, ['sh', '-c', script])
  assert.equal(result.code, 5)
  assert.match(result.stderr, /Read-only file system/)
  assert.match(result.stderr, /No space left on device/)
  assert.match(result.stdout, /^127\.0\.0\.1\s+registry\.test/)
  assert.equal(readFileSync('/proc/self/mounts', 'utf8'), before)
})

test('a program that takes too long is stopped', async () => {
  const result = await tryRun('sleep', ['60'], { timeout: 0.2 })
  assert.deepEqual([result.code, result.signal], [-1, 'SIGTERM'])
  assert.ok(result.seconds < 10)
})
