import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { run, tryRun } from '../support/command.ts'
import { podman } from '../support/containers.ts'
import { checkout } from '../support/dist.ts'
import { temporaryDirectory } from '../support/temp.ts'

test('the quick start builds twice, from nothing and then from the cache, and its image runs', async (t) => {
  const said = await run(process.execPath, ['examples/quickstart/quickstart.ts'], { cwd: checkout })
  const lines = Object.fromEntries(
    [...said.matchAll(/^(Image|Layers|Build 1|Build 2|Outputs) +(.+)$/gm)].map((m) => [m[1], m[2]]),
  )
  assert.match(lines.Image ?? '', /^sha256:[0-9a-f]{64}$/)
  assert.match(lines.Layers ?? '', /^\d+, [\d.]+ [kM]B/)
  assert.match(lines['Build 1'] ?? '', /[1-9]\d* misses/)
  assert.match(lines['Build 2'] ?? '', /[1-9]\d* hits .*, 0 misses/)
  const again = /^ {2}node (\S+executor\.js .*)$/m.exec(said)?.[1]?.split(' ')
  const rebuilt = await tryRun(process.execPath, again ?? [], { cwd: checkout })
  assert.match(rebuilt.stderr, /[1-9]\d* hits .*, 0 misses/, 'the command it ends with builds from the same cache')
  const container = podman(temporaryDirectory(t))
  await container.command(['load', '--input', join(checkout, 'out/quickstart/image.tar')])
  const ran = await container.run('docker.io/hearth/quickstart:1', ['cache'])
  assert.match(ran.stdout, /RUN steps come from the cache/, ran.stderr)
  const without = await container.run('docker.io/hearth/quickstart:1', ['draft-notes'])
  assert.notEqual(without.code, 0, 'what .dockerignore names is not in the image')
})
