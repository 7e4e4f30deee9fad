import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createLog } from '../../../src/log.ts'
import { extractArchive, type Ownership } from '../../../src/rootfs/extract.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { inChunks, listing } from '../../hostile/canary.ts'
import { member, tarOf } from '../../hostile/raw-tar.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const log = createLog({
  level: 'warn',
  format: 'text',
  timestamp: false,
  secrets: [],
  write: () => {},
  now: () => new Date(),
})

function newRoot(t: TestContext): string {
  const root = join(temporaryDirectory(t), 'root')
  mkdirSync(join(root, 'opt/app'), { recursive: true })
  return root
}

function extract(root: string, archive: Uint8Array, owner?: Ownership, target = 'opt/app'): Promise<void> {
  return extractArchive(root, rawPath(target), inChunks(archive, 1 << 20), {
    log,
    ...(owner === undefined ? {} : { owner }),
  })
}

test('an archive is unpacked into a directory, which stays as it is', async (t) => {
  const root = newRoot(t)
  const before = lstatSync(join(root, 'opt/app'))
  await extract(
    root,
    tarOf(member({ name: './', type: '5', mode: 0o777, uid: 5 }), member({ name: './a', mode: 0o600, uid: 5 }, 'x')),
  )
  const after = lstatSync(join(root, 'opt/app'))
  assert.deepEqual([after.mode, after.uid], [before.mode, before.uid])
  assert.equal(lstatSync(join(root, 'opt/app/a')).uid, 5)
  assert.deepEqual(listing(root), ['opt/', 'opt/app/', 'opt/app/a=x'])
})

test('names of whiteouts are ordinary names', async (t) => {
  const root = newRoot(t)
  await extract(root, tarOf(member({ name: 'a' }, 'x')))
  await extract(root, tarOf(member({ name: '.wh.a' }, 'y'), member({ name: '.wh..wh..opq' })))
  assert.deepEqual(listing(join(root, 'opt/app')), ['.wh..wh..opq=', '.wh.a=y', 'a=x'])
})

test('an owner that is given goes before those of the archive, hard links and directories included', async (t) => {
  const root = newRoot(t)
  const archive = tarOf(
    member({ name: 'd', type: '5', uid: 1, gid: 1 }),
    member({ name: 'd/a', uid: 2, gid: 2 }, 'x'),
    member({ name: 'd/b', type: '1', link: 'd/a', uid: 3 }),
    member({ name: 'd/l', type: '2', link: 'a', uid: 4 }),
  )
  await extract(root, archive, { uid: 12, gid: 34 })
  for (const name of ['d', 'd/a', 'd/b', 'd/l']) {
    const { uid, gid } = lstatSync(join(root, 'opt/app', name))
    assert.deepEqual([name, uid, gid], [name, 12, 34])
  }
})

test('what is there already is merged with the archive', async (t) => {
  const root = newRoot(t)
  await extract(root, tarOf(member({ name: 'd/old' }, 'old'), member({ name: 'd/same' }, 'old')))
  await extract(root, tarOf(member({ name: 'd', type: '5', mode: 0o700 }), member({ name: 'd/same' }, 'new')))
  assert.deepEqual(listing(join(root, 'opt/app')), ['d/', 'd/old=old', 'd/same=new'])
  assert.equal(lstatSync(join(root, 'opt/app/d')).mode & 0o7777, 0o700)
})

test('a directory that is not there, or is reached by a way out of the root, is refused', async (t) => {
  const root = newRoot(t)
  symlinkSync('../../..', join(root, 'out'))
  await assert.rejects(extract(root, tarOf(member({ name: 'a' }, 'x')), undefined, 'none'), { code: 'layer-invalid' })
  await extract(root, tarOf(member({ name: 'a' }, 'x')), undefined, 'out')
  assert.deepEqual(listing(root), ['a=x', 'opt/', 'opt/app/', 'out->../../..'])
})
