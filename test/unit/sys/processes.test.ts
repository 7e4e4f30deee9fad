import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { descendantsOf, listProcesses, type ProcessEntry } from '../../../src/sys/processes.ts'

function entryOf(pid: number | undefined): ProcessEntry | undefined {
  return listProcesses().find((entry) => entry.pid === pid)
}

test('processes are listed with their parents, whatever they are called', async (t) => {
  const child = spawn('sh', ['-c', 'printf ") S 1 (" > /proc/$$/comm; cat /proc/$$/comm; read line'], { stdio: 'pipe' })
  t.after(() => child.kill())
  const [name] = await once(child.stdout.setEncoding('utf8'), 'data')
  assert.equal(name, ') S 1 (\n')
  assert.deepEqual(entryOf(child.pid), { pid: child.pid, parent: process.pid, ended: false })
  child.stdin.end()
  await once(child, 'exit')
  assert.equal(entryOf(child.pid), undefined)
})

test('one that has ended and is not buried says so', async (t) => {
  const parent = spawn('sh', ['-c', 'sleep 0.3 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => parent.kill())
  const [text] = await once(parent.stdout.setEncoding('utf8'), 'data')
  const pid = Number(text)
  while (entryOf(pid)?.ended === false) await sleep(5)
  assert.deepEqual(entryOf(pid), { pid, parent: parent.pid, ended: true })
})

test('descendants are children and theirs, without those that are spared', () => {
  const entry = (pid: number, parent: number): ProcessEntry => ({ pid, parent, ended: false })
  const processes = [entry(1, 0), entry(2, 1), entry(3, 2), entry(4, 2), entry(5, 4), entry(6, 1), entry(7, 0)]
  const pids = (found: readonly ProcessEntry[]): readonly number[] => found.map(({ pid }) => pid).sort()
  assert.deepEqual(pids(descendantsOf(2, processes)), [3, 4, 5])
  assert.deepEqual(pids(descendantsOf(1, processes, new Set([4]))), [2, 3, 6])
  assert.deepEqual(descendantsOf(5, processes), [])
})
