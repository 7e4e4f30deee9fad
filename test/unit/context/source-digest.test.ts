import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { chmodSync, chownSync, linkSync, renameSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { selectSources } from '../../../src/context/select.ts'
import { digestSources, type SourceInput } from '../../../src/context/source-digest.ts'
import { HearthError } from '../../../src/errors.ts'
import { makeContext } from '../../support/context.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const files = {
  file: { text: 'content', mode: 0o640 },
  'dir/one': '1',
  'dir/sub/two': '2',
  'dir/link': { link: 'one' },
} as const

async function digest(root: string, sources: readonly string[], owners = false): Promise<readonly SourceInput[]> {
  return (await digestSources(selectSources({ root, title: 'the tree' }, sources), { owners })).inputs
}

function sha256(text: string | Buffer): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`
}

test('a file is told by its name, type, mode and bytes', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  const expected = { path: 'file', type: 'file', mode: 0o640, content: sha256('content') }
  assert.deepEqual(await digest(root, ['file']), [expected])
  chownSync(join(root, 'file'), 3, 4)
  assert.deepEqual(await digest(root, ['file']), [expected], 'owners do not count where files lose them')
  assert.deepEqual(await digest(root, ['file'], true), [{ ...expected, uid: 3, gid: 4 }])
})

test('a directory is told by what is in it, not by its own name and mode', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  const inputs = await digest(root, ['dir'])
  assert.deepEqual(
    inputs.map(({ path, type, content }) => `${path} ${type} ${content}`),
    ['/ directory ', 'link symlink one', `one file ${sha256('1')}`, 'sub directory ', `sub/two file ${sha256('2')}`],
  )
  chmodSync(join(root, 'dir'), 0o700)
  renameSync(join(root, 'dir'), join(root, 'renamed'))
  assert.deepEqual(await digest(root, ['renamed']), inputs)
})

test('times do not count', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  const before = await digest(root, ['.'])
  utimesSync(join(root, 'file'), 1, 1)
  utimesSync(join(root, 'dir/sub'), 1, 1)
  assert.deepEqual(await digest(root, ['.']), before)
})

test('a second name of a file is told by the number of the first, where such names count', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  linkSync(join(root, 'dir/one'), join(root, 'dir/sub/one'))
  const sources = selectSources({ root, title: 'the tree' }, ['dir'])
  const { inputs } = await digestSources(sources, { owners: true, links: true })
  const linked = inputs.find(({ path }) => path === 'sub/one')
  assert.equal(inputs[linked?.link ?? -1]?.path, 'one')
  const plain = await digest(root, ['dir'], true)
  assert.equal(plain.find(({ path }) => path === 'sub/one')?.content, sha256('1'))
})

test('of modes those count that a copy gets', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  const sources = selectSources({ root, title: 'the tree' }, ['dir'])
  const mode = (before: number, isDirectory: boolean): number => (isDirectory ? before : 0o600)
  const { inputs } = await digestSources(sources, { owners: false, mode })
  assert.deepEqual(
    inputs.map((input) => `${input.path} ${input.mode.toString(8)}`),
    ['/ 0', 'link 0', 'one 600', 'sub 755', 'sub/two 600'],
  )
})

test('every other difference counts', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  const seen = new Map([[JSON.stringify(await digest(root, ['.'])), 'at first']])
  const changes: Readonly<Record<string, () => void>> = {
    content: () => writeFileSync(join(root, 'file'), 'CONTENT'),
    mode: () => chmodSync(join(root, 'file'), 0o4640),
    'mode of a directory': () => chmodSync(join(root, 'dir/sub'), 0o711),
    attribute: () => execFileSync('setfattr', ['-n', 'user.a', '-v', '1', join(root, 'file')]),
    'value of an attribute': () => execFileSync('setfattr', ['-n', 'user.a', '-v', '0x0aff', join(root, 'file')]),
    name: () => renameSync(join(root, 'file'), join(root, 'file2')),
    'new file': () => writeFileSync(join(root, 'empty'), ''),
    'target of a symlink': () => {
      unlinkSync(join(root, 'dir/link'))
      symlinkSync('two', join(root, 'dir/link'))
    },
    'file in place of a symlink': () => {
      unlinkSync(join(root, 'dir/link'))
      writeFileSync(join(root, 'dir/link'), 'two')
    },
    device: () => execFileSync('mknod', [join(root, 'dir/device'), 'c', '1', '3']),
    'number of a device': () => {
      unlinkSync(join(root, 'dir/device'))
      execFileSync('mknod', [join(root, 'dir/device'), 'c', '1', '5'])
    },
    pipe: () => execFileSync('mkfifo', [join(root, 'dir/pipe')]),
  }
  for (const [what, change] of Object.entries(changes)) {
    change()
    const text = JSON.stringify(await digest(root, ['.']))
    assert.equal(seen.get(text), undefined, what)
    seen.set(text, what)
  }
})

test('names that are no UTF-8 are told apart', async (t) => {
  const root = makeContext(temporaryDirectory(t), {})
  const name = (byte: number): Buffer => Buffer.concat([Buffer.from(`${root}/odd-`), Buffer.from([byte])])
  writeFileSync(name(0xfe), '')
  const first = await digest(root, ['.'])
  renameSync(name(0xfe), name(0xff))
  assert.notDeepEqual(await digest(root, ['.']), first)
  assert.equal((await digest(root, ['.']))[1]?.path, 'bytes:6f64642dff')
})

test('large files are read whole', async (t) => {
  const large = Buffer.alloc((33 << 20) + 5, 'large content ')
  const root = makeContext(temporaryDirectory(t), { large })
  linkSync(join(root, 'large'), join(root, 'same'))
  assert.deepEqual(
    (await digest(root, ['large', 'same'])).map(({ content }) => content),
    [sha256(large), sha256(large)],
  )
})

test('a file exchanged after it was selected is an error, wherever it leads', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  const sources = selectSources({ root, title: 'the tree' }, ['file', 'dir'])
  const digesting = digestSources(sources, { owners: false })
  renameSync(join(root, 'dir'), join(root, 'moved'))
  symlinkSync('/etc', join(root, 'dir'))
  await assert.rejects(digesting, HearthError)
})

test('an abort ends the reading', async (t) => {
  const root = makeContext(temporaryDirectory(t), files)
  const sources = selectSources({ root, title: 'the tree' }, ['.'])
  const signal = AbortSignal.abort(new Error('stop now'))
  await assert.rejects(digestSources(sources, { owners: false, signal }), /stop now/)
})
