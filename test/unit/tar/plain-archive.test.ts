import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'
import { type PlainFile, packArchive } from '../../../src/tar/plain-archive.ts'
import { run } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { bytesFrom, inChunks, readAll } from './archives.ts'

const plain = (name: string, content: Uint8Array): PlainFile => {
  return { name, size: content.byteLength, content: () => inChunks(content, 100_000) }
}

const files = [
  plain('manifest.json', Buffer.from('[]')),
  plain(`${'a'.repeat(64)}.tar.gz`, Buffer.alloc(5_000_000, 'layer')),
  plain('empty', new Uint8Array()),
]

test('plain files are packed with mode 0644, owner 0:0 and the time of the epoch', async () => {
  const read = await readAll(packArchive(files))
  assert.deepEqual(
    read.map(({ entry }) => [entry.path, entry.type, entry.mode, entry.uid, entry.gid, entry.mtimeNs]),
    files.map(({ name }) => [name, 'file', 0o644, 0, 0, 0n]),
  )
  assert.ok(read[1]?.content.equals(Buffer.alloc(5_000_000, 'layer')))
})

test('GNU tar lists a plain archive', async (t) => {
  const archive = join(temporaryDirectory(t), 'plain.tar')
  writeFileSync(archive, await bytesFrom(packArchive(files)))
  assert.equal(await run('tar', ['-tf', archive]), `${files.map(({ name }) => name).join('\n')}\n`)
})

test('a content of another size than promised is an error that names the file', async () => {
  for (const content of ['short', 'too long']) {
    const file: PlainFile = { name: 'layer.tar', size: 6, content: () => bytesOf(Buffer.from(content)) }
    await assert.rejects(bytesFrom(packArchive([file])), {
      name: 'HearthError',
      code: 'output-failed',
      message: /layer\.tar/,
    })
  }
})

test('an error of a source reaches the reader as it is', async () => {
  async function* broken() {
    yield Buffer.alloc(100)
    throw new HearthError({ code: 'integrity', message: 'damaged' })
  }
  const file: PlainFile = { name: 'layer.tar', size: 1000, content: broken }
  await assert.rejects(bytesFrom(packArchive([...files, file])), { code: 'integrity' })
})

test('a source is closed when nobody reads any more', async () => {
  let closed = false
  async function* endless() {
    try {
      for (;;) yield Buffer.alloc(1 << 20)
    } finally {
      closed = true
    }
  }
  const file: PlainFile = { name: 'layer.tar', size: 1e12, content: endless }
  let bytes = 0
  for await (const chunk of packArchive([file])) {
    bytes += chunk.byteLength
    if (bytes > 4e6) break
  }
  for (let turn = 0; turn < 1000 && !closed; turn += 1) await new Promise(setImmediate)
  assert.ok(closed)
})
