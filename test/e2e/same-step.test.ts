import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandResult } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { processesWith } from '../support/processes.ts'
import { startRegistryProxy } from '../support/registry-proxy.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const waiting = /waiting for the same step in another build/

/** A command that goes on until somebody ends its sleep, and builds that run it. */
class SlowStep {
  static #count = 0
  readonly cache = scene.newDirectory()
  readonly #seconds = String(4_000_000 + process.pid * 10 + SlowStep.#count++)
  readonly #context: string

  constructor(after: string) {
    const text = `FROM ${scene.busybox}\nRUN cat /proc/sys/kernel/random/uuid > /id; sleep ${this.#seconds}; ${after}\n`
    this.#context = makeContext(scene.directory, { Dockerfile: text })
  }

  start(...more: readonly string[]): RunningBuild {
    return new RunningBuild(this.#context, ['--cache', '--cache-dir', this.cache, ...more])
  }

  /** Waits until so many commands sleep, none of them one of `before`. */
  async sleeping(count: number, before: readonly string[] = []): Promise<readonly string[]> {
    for (;;) {
      const found = processesWith(this.#seconds)
      if (found.length === count && !found.some((one) => before.includes(one))) return found
      await sleep(20)
    }
  }

  wake(): void {
    for (const found of processesWith(this.#seconds)) process.kill(Number(found.split(' ')[0]), 'SIGTERM')
  }
}

class RunningBuild {
  readonly result: Promise<CommandResult>
  readonly layout = join(scene.newDirectory(), 'image')
  pid = 0
  #output = ''

  constructor(context: string, args: readonly string[]) {
    this.result = scene.attempt({
      context,
      args: ['--no-push', '--oci-layout-path', this.layout, ...args],
      onStart: (pid) => {
        this.pid = pid
      },
      onOutput: (text) => {
        this.#output += text
      },
    })
  }

  async says(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.#output)) await sleep(20)
  }
}

test('of three builds that reach the same step, one runs it and the others take its layer', async () => {
  const step = new SlowStep('true')
  const leader = step.start()
  await step.sleeping(1)
  const others = [step.start(), step.start()]
  await Promise.all(others.map((build) => build.says(waiting)))
  await step.sleeping(1)
  step.wake()
  const results = await Promise.all([leader, ...others].map(({ result }) => result))
  for (const result of results) assert.equal(result.code, 0, result.stderr)
  assert.deepEqual(
    results.map((result) => cacheSummary(result).misses),
    [1, 0, 0],
  )
  const images = [leader, ...others].map(({ layout }) => readdirSync(join(layout, 'blobs/sha256')).sort())
  assert.deepEqual(images[1], images[0])
  assert.deepEqual(images[2], images[0])
  assert.doesNotMatch(results[0]?.stderr ?? '', waiting)
})

test('a build that is killed at the step is replaced by one that waits for it', async () => {
  const step = new SlowStep('true')
  const leader = step.start()
  const first = await step.sleeping(1)
  const other = step.start()
  await other.says(waiting)
  process.kill(leader.pid, 'SIGKILL')
  assert.equal((await leader.result).signal, 'SIGKILL')
  await step.sleeping(1, first)
  step.wake()
  const result = await other.result
  assert.equal(result.code, 0, result.stderr)
  assert.equal(cacheSummary(result).misses, 1)
})

test('where the step fails, those that wait try it at once, and not one after the other', async () => {
  const step = new SlowStep('exit 7')
  const leader = step.start()
  await step.sleeping(1)
  const others = [step.start(), step.start()]
  await Promise.all(others.map((build) => build.says(waiting)))
  step.wake()
  await step.sleeping(2)
  step.wake()
  for (const { result } of [leader, ...others]) {
    const { code, stderr } = await result
    assert.equal(code, 7, stderr)
    assert.match(stderr, /exit code 7/)
  }
})

test('nobody is waited for longer than --same-step-wait says', async () => {
  const step = new SlowStep('true')
  const leader = step.start()
  await step.sleeping(1)
  const never = step.start('--same-step-wait=0')
  await step.sleeping(2)
  const briefly = step.start('--same-step-wait=200ms')
  await briefly.says(waiting)
  await step.sleeping(3)
  step.wake()
  const results = await Promise.all([leader, never, briefly].map(({ result }) => result))
  for (const result of results) assert.equal(result.code, 0, result.stderr)
  assert.doesNotMatch(results[1]?.stderr ?? '', waiting)
})

test('builds that begin at once on the same base download its layer once', async () => {
  await using proxy = await startRegistryProxy(scene.registry.host)
  const cache = scene.newDirectory()
  const base = scene.busybox.replace(scene.registry.host, proxy.host)
  const builds = [1, 2, 3, 4].map((number) => {
    const dockerfile = `FROM ${base}\nRUN echo ${number} > /number\n`
    return scene.image({ dockerfile, args: ['--cache', '--cache-dir', cache, '--insecure'] })
  })
  const [layer = ''] = (await Promise.all(builds)).map(({ layers }) => layers[0])
  const transfers = proxy.requests.filter((request) => request.startsWith('GET') && request.endsWith(layer))
  assert.equal(transfers.length, 1, proxy.requests.join('\n'))
})
