import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { canConfineProcesses } from '../../../src/sys/landlock.ts'
import { run } from '../../support/command.ts'

const child = join(import.meta.dirname, 'children/confined.ts')

test('what a confined process starts reaches only itself, where the kernel has that', async (t) => {
  const other = spawn('sleep', ['1000'])
  t.after(() => other.kill())
  await once(other, 'spawn')
  const name = `hearth-test-${process.pid}`
  const server = createServer((connection) => connection.end('reached')).listen(`\0${name}`)
  t.after(() => server.close())
  const report = JSON.parse(await run(process.execPath, [child, String(other.pid), name]))
  const confined = canConfineProcesses()
  const reached = { root: !confined, signal: !confined, socket: !confined }
  assert.deepEqual(report, { confined, others: reached, own: { root: true, signal: true } })
})
