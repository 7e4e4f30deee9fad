import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldSink } from '../../../src/cli/held-sink.ts'

test('what is written waits until it is released, in its order, and then nothing waits', () => {
  const written: string[] = []
  const sink = new HeldSink({ write: (text) => written.push(text) })
  for (const text of ['one', 'two']) sink.write(text)
  assert.deepEqual(written, [])
  sink.release()
  sink.write('three')
  sink.release()
  assert.deepEqual(written, ['one', 'two', 'three'])
})

test('what is dropped is never written, but what comes after is', () => {
  const written: string[] = []
  const sink = new HeldSink({ write: (text) => written.push(text) })
  sink.write('one')
  sink.drop()
  sink.release()
  sink.write('two')
  assert.deepEqual(written, ['two'])
})
