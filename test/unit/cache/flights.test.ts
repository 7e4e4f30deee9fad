import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type BoardedFlight, Flights } from '../../../cache/flights.ts'
import type { CacheKey } from '../../../cache/key.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { childProgram } from '../content/support.ts'

const key = 'a'.repeat(64) as CacheKey

interface Passenger {
  readonly boarded: Promise<BoardedFlight>
  readonly waits: string[]
}

function passenger(directory: string, o: { key?: CacheKey; madeOn?: string; signal?: AbortSignal } = {}): Passenger {
  const waits: string[] = []
  const flights = new Flights({ directory, patienceMs: 60_000 })
  const boarded = flights.board({ key, madeOn: 'base', onWait: () => void waits.push('waits'), ...o })
  boarded.catch(() => {})
  return { boarded, waits }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

test('the first one leads, and the others come after it one by one', async (t) => {
  const directory = temporaryDirectory(t)
  const first = await passenger(directory).boarded
  assert.equal(first.turn, 'first')
  const others = [passenger(directory), passenger(directory)]
  for (const other of others) await until(() => other.waits.length === 1)
  await first.end({ succeeded: true })
  const second = await Promise.race(others.map(({ boarded }) => boarded))
  assert.equal(second.turn, 'after')
  await second.end({ succeeded: true })
  for (const { boarded, waits } of others) {
    const { turn, end } = await boarded
    assert.deepEqual([turn, waits], ['after', ['waits']])
    await end({ succeeded: true })
  }
  assert.deepEqual(readdirSync(join(directory, 'flights')), [])
})

test('other keys, and the same one on another base, are other flights', async (t) => {
  const directory = temporaryDirectory(t)
  const others = [{}, { key: 'b'.repeat(64) as CacheKey }, { madeOn: 'other' }].map((o) => passenger(directory, o))
  for (const { boarded } of others) assert.equal((await boarded).turn, 'first')
  for (const { boarded } of others) await (await boarded).end({ succeeded: true })
})

test('when the leader fails, those who waited all set out at once', async (t) => {
  const directory = temporaryDirectory(t)
  const first = await passenger(directory).boarded
  const others = [1, 2, 3].map(() => passenger(directory))
  for (const other of others) await until(() => other.waits.length === 1)
  await first.end({ succeeded: false })
  for (const { boarded } of others) assert.equal((await boarded).turn, 'alone')
  const later = await passenger(directory).boarded
  assert.equal(later.turn, 'first')
  await later.end({ succeeded: true })
  assert.deepEqual(readdirSync(join(directory, 'flights')), [])
})

test('a leader that was killed is replaced', async (t) => {
  const directory = temporaryDirectory(t)
  const argv = [childProgram(import.meta.url, 'lead.ts'), directory, key]
  const child = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'inherit'] })
  const [said] = await once(child.stdout, 'data')
  assert.equal(String(said), 'first\n')
  const next = passenger(directory)
  await until(() => next.waits.length === 1)
  child.kill('SIGKILL')
  const { turn, end } = await next.boarded
  assert.equal(turn, 'after')
  await end({ succeeded: true })
})

test('patience ends, and with none nobody waits', async (t) => {
  const directory = temporaryDirectory(t)
  const first = await passenger(directory).boarded
  const waits: string[] = []
  for (const patienceMs of [0, 50]) {
    const flights = new Flights({ directory, patienceMs })
    const { turn } = await flights.board({ key, madeOn: 'base', onWait: () => void waits.push(String(patienceMs)) })
    assert.equal(turn, 'alone')
  }
  assert.deepEqual(waits, ['50'])
  await first.end({ succeeded: true })
})

test('waiting can be aborted', async (t) => {
  const directory = temporaryDirectory(t)
  const first = await passenger(directory).boarded
  const controller = new AbortController()
  const { boarded, waits } = passenger(directory, { signal: controller.signal })
  await until(() => waits.length === 1)
  controller.abort(new Error('enough'))
  await assert.rejects(boarded, /enough/)
  await first.end({ succeeded: true })
})

test('where no flight can be noted, everybody is first', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'flights'), '')
  for (const _ of [1, 2]) assert.equal((await passenger(directory).boarded).turn, 'first')
  mkdirSync(join(directory, 'empty'))
  assert.equal(existsSync(join(directory, 'empty/flights')), false)
})
