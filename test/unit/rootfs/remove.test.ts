import assert from 'node:assert/strict'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { removeTree } from '../../../src/rootfs/remove.ts'
import { type CommandResult, tryRun } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const module = join(import.meta.dirname, '../../../src/rootfs')

test('a tree goes with all that is in it, and nothing that its symlinks and names point to', async (t) => {
  const base = temporaryDirectory(t)
  const [tree, kept] = [join(base, 'tree'), join(base, 'kept')]
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  mkdirSync(join(kept, 'in'), { recursive: true })
  writeFileSync(join(kept, 'file'), 'kept')
  linkSync(join(kept, 'file'), join(tree, 'a/b/name'))
  symlinkSync(kept, join(tree, 'a/link'))
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/a/`), Buffer.from([0xff, 0x0a])]), '')
  await removeTree(tree)
  assert.equal(existsSync(tree), false)
  assert.equal(readFileSync(join(kept, 'file'), 'utf8'), 'kept')
  assert.deepEqual(readdirSync(kept).sort(), ['file', 'in'])
})

test('a file, a symlink to a directory, and nothing at all are removed, too', async (t) => {
  const base = temporaryDirectory(t)
  mkdirSync(join(base, 'kept/in'), { recursive: true })
  writeFileSync(join(base, 'file'), '')
  symlinkSync('kept', join(base, 'link'))
  for (const name of ['file', 'link', 'none', 'none/at/all']) await removeTree(join(base, name))
  assert.deepEqual(readdirSync(base), ['kept'])
  assert.deepEqual(readdirSync(join(base, 'kept')), ['in'])
})

test('a tree that is deeper than any path may be long is removed', async (t) => {
  const base = temporaryDirectory(t)
  const [tree, outer] = [join(base, 'tree'), join(base, 'outer')]
  mkdirSync(tree)
  for (let level = 0; level < 2100; level += 1) {
    mkdirSync(outer)
    writeFileSync(join(outer, `.removed-${level % 7}`), '')
    renameSync(tree, join(outer, 'directory'))
    renameSync(outer, tree)
  }
  await removeTree(tree)
  assert.deepEqual(readdirSync(base), [])
})

test('modes that forbid it do not keep a tree from being removed', async (t) => {
  const tree = join(temporaryDirectory(t), 'tree')
  mkdirSync(join(tree, 'a/b'), { recursive: true })
  writeFileSync(join(tree, 'a/b/file'), '')
  for (const [path, mode] of [
    ['a/b/file', 0],
    ['a/b', 0],
    ['a', 0o555],
    ['', 0o100],
  ] as const)
    chmodSync(join(tree, path), mode)
  const argv = ['--bounding-set=-dac_override,-dac_read_search', '--inh-caps=-dac_override,-dac_read_search']
  const script = `import { removeTree } from '${module}/remove.ts'; await removeTree('${tree}')`
  const result = await tryRun('setpriv', [...argv, process.execPath, '--input-type=module', '-e', script])
  assert.deepEqual([result.code, result.stderr], [0, ''])
  assert.equal(existsSync(tree), false)
})

/** Runs a script in a mount namespace of its own, where something is mounted in the middle of a tree. */
function withMount(tree: string, mount: string, script: string): Promise<CommandResult> {
  const shell = `set -e; ${mount}; "$0" --input-type=module -e "$1"; cat ${tree}/a/mnt/inside; ls ${tree} ${tree}/a`
  return tryRun('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', shell, process.execPath, script])
}

for (const kind of ['another filesystem', 'a directory of the same filesystem', 'a file']) {
  test(`nothing is removed while ${kind} is mounted in a tree`, async (t) => {
    const base = temporaryDirectory(t)
    const [tree, other] = [join(base, 'tree'), join(base, 'other')]
    mkdirSync(join(tree, 'a'), { recursive: true })
    mkdirSync(other)
    writeFileSync(join(tree, 'first'), '')
    writeFileSync(join(other, 'inside'), 'precious')
    mkdirSync(join(tree, 'a/mnt'))
    if (kind === 'a file') writeFileSync(join(tree, 'a/mnt/inside'), '')
    const mount = {
      'another filesystem': `mount -t tmpfs tmpfs ${tree}/a/mnt; cp ${other}/inside ${tree}/a/mnt/inside`,
      'a directory of the same filesystem': `mount --bind ${other} ${tree}/a/mnt`,
      'a file': `mount --bind ${other}/inside ${tree}/a/mnt/inside`,
    }[kind]
    const script = `
      import { removeTree } from '${module}/remove.ts'
      await removeTree('${tree}').catch((error) => console.log(error.code, error.message, error.why))`
    const result = await withMount(tree, mount ?? '', script)
    assert.equal(result.code, 0, result.stderr)
    assert.match(result.stdout, new RegExp(`^permission ${tree} cannot be removed.* mounted at ${tree}/a/mnt`))
    assert.match(result.stdout, /precious/)
    assert.match(result.stdout, /^first$/m)
    assert.equal(readFileSync(join(other, 'inside'), 'utf8'), 'precious')
    await removeTree(tree)
    assert.equal(existsSync(tree), false)
  })
}

test('a mount that nobody announced stops the removal before it is entered', async (t) => {
  const base = temporaryDirectory(t)
  const [tree, other] = [join(base, 'tree'), join(base, 'other')]
  mkdirSync(join(tree, 'a/mnt'), { recursive: true })
  mkdirSync(other)
  writeFileSync(join(other, 'inside'), 'precious')
  const script = `
    import { removal } from '${module}/removal.ts'
    try { for (const _ of removal(Buffer.from('${tree}'))) {} } catch (error) { console.log(error.code, error.message) }`
  const result = await withMount(tree, `mount --bind ${other} ${tree}/a/mnt`, script)
  assert.match(result.stdout, /^permission .*\/a\/mnt is not removed: something is mounted there/)
  assert.match(result.stdout, /precious/)
  assert.equal(readFileSync(join(other, 'inside'), 'utf8'), 'precious')
})

test('the root of the machine is refused', async () => {
  await assert.rejects(removeTree('/'), TypeError)
  await assert.rejects(removeTree('/tmp/..'), TypeError)
})
