import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { copyInto } from '../../../../src/rootfs/copy-tree.ts'
import { makeDirectories } from '../../../../src/rootfs/make-directories.ts'
import { rawPath } from '../../../../src/tar/raw-path.ts'
import { selectedSource } from '../copy-scene.ts'
import { type MachineRoot, play } from './machine-root.ts'

/** Copies of a tree beside the root: paths in it become its files. */
function copier({ root, log, ignored }: MachineRoot, files: readonly string[]) {
  const from = join(root, '../from')
  for (const path of files) {
    mkdirSync(join(from, path, '..'), { recursive: true })
    if (path.endsWith('/')) mkdirSync(join(from, path), { recursive: true })
    else writeFileSync(join(from, path), 'copied')
  }
  return (source: string, destination: string): Promise<void> =>
    copyInto({
      sources: [selectedSource(from, source)],
      root,
      destination,
      workdir: '/',
      keepOwner: false,
      log,
      ignored: ignored(),
    })
}

const belongs = (path: string, owned: string) => ({
  code: 'copy-destination',
  message: `${path} cannot be written: ${owned} belongs to the machine`,
  why: /works in place/,
  fix: /--isolation/,
})

await play({
  async files(machine) {
    const { root } = machine
    const copy = copier(machine, ['file', 'hosts'])
    symlinkSync('/kaniko', join(root, 'data'))
    symlinkSync('hosts', join(root, 'etc/same'))
    symlinkSync('/kaniko/new', join(root, 'dangling'))
    const refused: readonly (readonly [string, string, string, string])[] = [
      ['file', '/etc/hosts', '/etc/hosts', '/etc/hosts'],
      ['hosts', '/etc/', '/etc/hosts', '/etc/hosts'],
      ['file', '/etc/same', '/etc/hosts', '/etc/hosts'],
      ['file', '/kaniko/', '/kaniko', '/kaniko'],
      ['file', '/kaniko/new', '/kaniko/new', '/kaniko'],
      ['file', '/kaniko/new/', '/kaniko/new', '/kaniko'],
      ['file', '/data/executor', '/kaniko/executor', '/kaniko'],
      ['file', '/data', '/kaniko', '/kaniko'],
      ['file', '/dangling', '/kaniko/new', '/kaniko'],
      ['file', '/dangling/deep/', '/kaniko/new', '/kaniko'],
      ['file', '/proc/new/file', '/proc/new', '/proc'],
      ['file', '/var/run/secrets/tokens/token', '/var/run/secrets/tokens/token', '/var/run/secrets/tokens'],
    ]
    for (const [source, destination, path, owned] of refused) {
      await assert.rejects(copy(source, destination), belongs(path, owned), destination)
    }
    await copy('file', '/etc/file')
    await copy('file', '/kaniko/../var/run/secrets/')
    assert.equal(machine.read('etc/file'), 'copied')
    assert.equal(machine.read('var/run/secrets/file'), 'copied')
    assert.deepEqual(readdirSync(join(root, 'kaniko')).sort(), ['bin', 'executor', 'mounts'])
  },

  async inline({ root, log, ignored }) {
    const inline = { name: rawPath('hosts'), content: 'x', mtimeNs: 0n }
    const copy = (destination: string): Promise<void> =>
      copyInto({
        sources: [inline],
        root,
        destination,
        workdir: '/',
        keepOwner: false,
        log,
        ignored: ignored(),
      })
    for (const destination of ['/etc/', '/etc/hosts']) {
      await assert.rejects(copy(destination), belongs('/etc/hosts', '/etc/hosts'))
    }
    await copy('/etc/other')
  },

  async trees(machine) {
    const { root, read } = machine
    const copy = copier(machine, [
      ...['tree/etc/app.conf', 'tree/var/run/pid', 'tree/var/run/secrets/tokens/', 'tree/proc/', 'tree/zero'],
      ...['own/a', 'own/executor', 'hosts/a', 'hosts/etc/hosts', 'hosts/etc/zero'],
    ])
    const { mtimeMs } = lstatSync(join(root, 'proc'))
    await copy('tree', '/')
    assert.deepEqual([read('etc/app.conf'), read('var/run/pid'), read('zero')], ['copied', 'copied', 'copied'])
    assert.equal(lstatSync(join(root, 'proc')).mtimeMs, mtimeMs)
    await assert.rejects(copy('hosts', '/'), belongs('/etc/hosts', '/etc/hosts'))
    await assert.rejects(copy('own', '/kaniko/'), belongs('/kaniko', '/kaniko'))
    await assert.rejects(copy('own', '/kaniko/deep'), belongs('/kaniko/deep', '/kaniko'))
    symlinkSync('/kaniko', join(root, 'data'))
    await assert.rejects(copy('own', '/data'), belongs('/kaniko', '/kaniko'))
    await copy('own', '/own')
    assert.equal(read('own/executor'), 'copied')
  },

  async directories({ root, ignored }) {
    const make = (path: string): string =>
      makeDirectories(root, rawPath(path), { uid: 0, gid: 0, mode: 0o755 }, ignored())
    symlinkSync('/proc', join(root, 'data'))
    for (const path of ['kaniko', 'proc', 'var/run/secrets/tokens']) assert.equal(make(path), path)
    assert.equal(make('data'), 'proc')
    assert.throws(() => make('kaniko/a/b'), belongs('/kaniko/a', '/kaniko'))
    assert.throws(() => make('data/a'), belongs('/proc/a', '/proc'))
    assert.throws(() => make('workspace/context/a'), belongs('/workspace/context', '/workspace/context'))
    assert.equal(make('var/run/new/deep'), 'var/run/new/deep')
    assert.equal(existsSync(join(root, 'kaniko/a')), false)
  },
})
