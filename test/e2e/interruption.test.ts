import assert from 'node:assert/strict'
import { existsSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { cacheSummary } from '../support/hearth.ts'
import { processesWith } from '../support/processes.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()

test('SIGTERM ends the running command, removes the work and says what happened', async () => {
  const seconds = String(2_000_000 + process.pid)
  const [work, cache] = [scene.newDirectory(), scene.newDirectory()]
  const layout = join(scene.newDirectory(), 'layout')
  const dockerfile = `FROM ${scene.busybox}\nRUN echo kept\nRUN trap '' TERM; echo now running; sleep ${seconds}\n`
  let pid = 0
  const ended = scene.attempt({
    dockerfile,
    args: ['--no-push', '--cache', '--cache-dir', cache, '--oci-layout-path', layout],
    env: { TMPDIR: work },
    timeout: 60,
    onStart: (started) => {
      pid = started
    },
  })
  while (processesWith(seconds).length === 0) await sleep(50)
  process.kill(pid, 'SIGTERM')
  const result = await ended
  assert.notEqual(result.code, 0)
  assert.ok(result.code === 143 || result.signal === 'SIGTERM' || result.code === 1, `${result.code}`)
  assert.doesNotMatch(result.stderr, /^\s+at .+:\d+:\d+/m)
  assert.deepEqual(processesWith(seconds), [])
  assert.equal(existsSync(join(layout, 'index.json')), false)
  assert.deepEqual(readdirSync(work), [])

  const rest = dockerfile.replace(/RUN trap.*\n/, 'RUN echo after\n')
  const again = await scene.image({ dockerfile: rest, args: ['--cache', '--cache-dir', cache] })
  assert.deepEqual(cacheSummary(again.result), { local: 1, remote: 0, misses: 1 })
})

test('a build that was killed outright leaves a cache directory that works', async () => {
  const seconds = String(3_000_000 + process.pid)
  const cache = scene.newDirectory()
  const dockerfile = `FROM ${scene.busybox}\nRUN echo kept\nRUN sleep ${seconds}\n`
  let pid = 0
  const ended = scene.attempt({
    dockerfile,
    args: ['--no-push', '--cache', '--cache-dir', cache],
    timeout: 60,
    onStart: (started) => {
      pid = started
    },
  })
  while (processesWith(seconds).length === 0) await sleep(50)
  process.kill(pid, 'SIGKILL')
  assert.equal((await ended).signal, 'SIGKILL')
  for (let tries = 0; tries < 100 && processesWith(seconds).length > 0; tries += 1) await sleep(50)
  assert.deepEqual(processesWith(seconds), [], 'the command dies with the executor')
  const rest = dockerfile.replace(/RUN sleep.*\n/, 'RUN echo after\n')
  const again = await scene.image({ dockerfile: rest, args: ['--cache', '--cache-dir', cache] })
  assert.deepEqual(cacheSummary(again.result), { local: 1, remote: 0, misses: 1 })
})

test('what a build that was killed outright leaves in the work directory, the next one removes', async () => {
  const seconds = String(4_000_000 + process.pid)
  const work = scene.newDirectory()
  const [args, env] = [['--no-push'], { TMPDIR: work }]
  let pid = 0
  const onStart = (started: number): void => {
    pid = started
  }
  const ended = scene.attempt({ dockerfile: `FROM ${scene.busybox}\nRUN sleep ${seconds}\n`, args, env, onStart })
  while (processesWith(seconds).length === 0) await sleep(50)
  process.kill(pid, 'SIGKILL')
  await ended
  assert.equal(readdirSync(work).length, 1)
  writeFileSync(join(work, 'hearth-of-somebody-else'), '')
  await scene.image({ dockerfile: `FROM ${scene.busybox}\nRUN true\n`, env })
  assert.deepEqual(readdirSync(work), ['hearth-of-somebody-else'])
})

test('a finished build leaves nothing in the work directory', async () => {
  const work = scene.newDirectory()
  await scene.image({ dockerfile: `FROM ${scene.busybox}\nRUN mkdir -m 0 /closed\n`, env: { TMPDIR: work } })
  assert.deepEqual(readdirSync(work), [])
})
