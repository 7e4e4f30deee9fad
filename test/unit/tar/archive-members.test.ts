import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { archiveMembers } from '../../../src/tar/archive-members.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const directory = temporaryDirectory({ after })

async function membersOf(path: string): ReturnType<typeof archiveMembers> {
  const handle = await open(path)
  try {
    return await archiveMembers(handle)
  } finally {
    await handle.close()
  }
}

for (const format of ['ustar', 'pax', 'gnu', 'v7'] as const) {
  test(`the files of a ${format} archive of GNU tar are found where they are`, async () => {
    const own = mkdtempSync(join(directory, 'files-'))
    const sizes = { empty: 0, small: 3, block: 512, more: 70_001 }
    for (const [name, size] of Object.entries(sizes)) writeFileSync(join(own, name), name.repeat(size).slice(0, size))
    mkdirSync(join(own, 'd'))
    symlinkSync('small', join(own, 'link'))
    const archive = `${own}.tar`
    execFileSync('tar', [`--format=${format}`, '-C', own, '-cf', archive, 'd', 'link', ...Object.keys(sizes)])
    const bytes = readFileSync(archive)
    const found = (await membersOf(archive)).map(({ name, offset, size }) => {
      return [name, bytes.toString('latin1', offset, offset + size)]
    })
    const expected = Object.entries(sizes).map(([name, size]) => [name, name.repeat(size).slice(0, size)])
    assert.deepEqual(found, expected)
  })
}

test('names and sizes of extended headers count, also of a file that does not fit into the oldest form', async () => {
  const own = mkdtempSync(join(directory, 'files-'))
  const name = `${'n'.repeat(120)}ä`
  writeFileSync(join(own, name), 'text')
  writeFileSync(join(own, 'huge'), '')
  truncateSync(join(own, 'huge'), 9 * 2 ** 30)
  const archive = `${own}.tar`
  // Only its headers are wanted: what would follow the huge file is not written.
  const script = `tar --format=pax -C '${own}' -cf - '${name}' huge | head -c 1000000 > '${archive}'`
  execFileSync('sh', ['-c', script], { stdio: ['ignore', 'ignore', 'ignore'] })
  await assert.rejects(membersOf(archive), /cut off/)
  truncateSync(archive, 10 * 2 ** 30)
  const members = await membersOf(archive)
  assert.deepEqual(
    members.map(({ name, size }) => [Buffer.from(name, 'latin1').toString(), size]),
    [
      [name, 4],
      ['huge', 9 * 2 ** 30],
    ],
  )
})
