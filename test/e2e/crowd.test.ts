import assert from 'node:assert/strict'
import { test } from 'node:test'
import { runCrowd } from '../support/crowd.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()

/** A crowd of the size that is promised, for as long as it is asked for; a small one for some seconds in every run. */
const seconds = process.env.HEARTH_CROWD_SECONDS
const crowd = seconds === undefined ? { executors: 4, warmers: 1 } : { executors: 16, warmers: 2 }
const forMs = Number(seconds ?? 8) * 1000

test('executors, warmers and prunes at once on one directory hinder nobody', async (t) => {
  const { failures, verified, ...counts } = await runCrowd({ scene, forMs, ...crowd })
  t.diagnostic(JSON.stringify(counts))
  assert.deepEqual(failures, [])
  assert.ok(counts.builds > 4 && counts.prunes > 1, JSON.stringify(counts))
  assert.equal(verified.code, 0, verified.stdout + verified.stderr)
})

test('the same while programs are killed outright', async (t) => {
  const { failures, verified, ...counts } = await runCrowd({ scene, forMs, ...crowd, killEveryMs: 150 })
  t.diagnostic(JSON.stringify(counts))
  assert.deepEqual(failures, [])
  assert.ok(counts.kills > 10, JSON.stringify(counts))
  assert.equal(verified.code, 0, verified.stdout + verified.stderr)
})
