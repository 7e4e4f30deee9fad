import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  linkSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { applyLayer } from '../../../../src/rootfs/apply.ts'
import { clearRoot } from '../../../../src/rootfs/clear-root.ts'
import type { IgnoredPaths } from '../../../../src/rootfs/ignored-paths.ts'
import { mountsWithin } from '../../../../src/rootfs/mounts.ts'
import { type Move, moveBack } from '../../../../src/rootfs/move-mounts.ts'
import { layerItems } from '../../../../src/snapshot/layer-items.ts'
import { walkSnapshotter } from '../../../../src/snapshot/walk-snapshotter.ts'
import type { RawPath } from '../../../../src/tar/raw-path.ts'
import { writeTar } from '../../../../src/tar/write.ts'
import { inChunks } from '../../../hostile/canary.ts'
import { compareTrees, type ImageTree, readTree } from '../../../support/image-tree.ts'
import { silentLog } from '../../../support/silent-log.ts'
import { type MachineRoot, play } from '../../rootfs/children/machine-root.ts'

/** A base image in which everything the machine has is something else. */
function fillBase(directory: string, name: 'usrmerged' | 'plain'): void {
  for (const path of ['etc', 'usr/bin', 'usr/lib', 'var/lib', 'proc', 'run']) {
    mkdirSync(join(directory, path), { recursive: true })
  }
  for (const path of ['etc/hosts', 'etc/passwd', 'etc/resolv.conf', 'usr/bin/sh', 'usr/lib/libc.so', 'proc/status']) {
    writeFileSync(join(directory, path), `${path} of ${name}`)
  }
  mkdirSync(join(directory, 'kaniko'))
  writeFileSync(join(directory, 'kaniko/executor'), 'an impostor', { mode: 0o4755 })
  chmodSync(join(directory, 'etc'), name === 'plain' ? 0o700 : 0o755)
  if (name === 'usrmerged') {
    symlinkSync('usr/bin', join(directory, 'bin'))
    symlinkSync('/run', join(directory, 'var/run'))
    symlinkSync('/kaniko', join(directory, 'var/lib/kaniko'))
  } else {
    mkdirSync(join(directory, 'bin'))
    linkSync(join(directory, 'usr/bin/sh'), join(directory, 'bin/sh'))
    mkdirSync(join(directory, 'var/run/secrets/tokens'), { recursive: true })
    writeFileSync(join(directory, 'var/run/secrets/tokens/token'), 'an impostor')
    writeFileSync(join(directory, 'var/run/utmp'), 'utmp')
  }
}

/** What a RUN may do. */
function change(root: string): void {
  appendFileSync(join(root, 'etc/passwd'), '\nmore')
  rmSync(join(root, 'usr/lib'), { recursive: true })
  renameSync(join(root, 'usr/bin/sh'), join(root, 'usr/bin/ash'))
  mkdirSync(join(root, 'srv/data'), { recursive: true })
  writeFileSync(join(root, 'srv/data/file'), 'made by a command')
  symlinkSync('/kaniko', join(root, 'srv/kaniko'))
  writeFileSync(join(root, 'run/pid'), '1')
}

/** A tree without what is ignored, and without the directory the token has come along in. */
function imagesPart(tree: ImageTree, ignored: IgnoredPaths): ImageTree {
  return new Map(
    [...tree].filter(([path]) => path !== '' && path !== 'run/secrets' && !ignored.covers(path as RawPath)),
  )
}

/** One stage: the base, a command, its layer; gives the layer. */
async function stage({ root, ignored, apply, read }: MachineRoot, base: Buffer, moved: Move[]): Promise<Buffer> {
  await apply(base, { onMoved: (moves) => moved.push(...moves) })
  // An absolute link would lead out of this root.
  assert.equal(read(`${moved.length === 0 ? 'var/' : ''}run/secrets/tokens/token`), 'precious')
  const snapshotter = await walkSnapshotter(root, { mode: 'full', ignored })
  change(root)
  const chunks: Uint8Array[] = []
  for await (const chunk of writeTar(layerItems(root, await snapshotter.diff()))) chunks.push(Buffer.from(chunk))
  assert.deepEqual(await snapshotter.diff(), { changed: [], removed: [] })
  return Buffer.concat(chunks)
}

/** What layers are to anybody who unpacks them where nothing is in the way. */
async function unpackedElsewhere(layers: readonly Buffer[], base: string): Promise<ImageTree> {
  const elsewhere = mkdtempSync(join(base, 'elsewhere-'))
  for (const layer of layers) await applyLayer(elsewhere, inChunks(layer, 1 << 20), { log: silentLog })
  return readTree(elsewhere)
}

function memberNames(layer: Buffer): readonly string[] {
  return execFileSync('tar', ['-tf', '-'], { input: layer, encoding: 'utf8' }).split('\n')
}

const names = ['plain', 'usrmerged'] as const

await play({
  async sixStages(machine) {
    const { root, ignored, warnings } = machine
    const base = join(root, '..')
    const images = names.map((name) => {
      const directory = mkdtempSync(join(base, 'base-'))
      fillBase(directory, name)
      return execFileSync('tar', ['--numeric-owner', '-C', directory, '-cf', '-', '.'])
    })
    const members: (readonly string[])[] = []
    for (const image of [...images, ...images, ...images]) {
      await clearRoot(root, ignored())
      assert.deepEqual(readdirSync(root).sort(), ['etc', 'kaniko', 'proc', 'var'])
      const moved: Move[] = []
      const layer = await stage(machine, image, moved)
      const expected = imagesPart(await unpackedElsewhere([image, layer], base), ignored())
      const actual = imagesPart(await readTree(root), ignored())
      assert.deepEqual(compareTrees(expected, actual), [])
      assert.ok(actual.size > 10)
      members.push(memberNames(layer))
      for (const move of moved.reverse()) moveBack(root, move)
      assert.equal(machine.read('var/run/secrets/tokens/token'), 'precious')
    }
    for (const [i, list] of members.entries()) {
      assert.deepEqual(list, members[i % images.length])
      assert.ok(!list.some((name) => /kaniko\/|hosts|resolv|proc|secrets/.test(name)), list.join())
    }
    assert.deepEqual(warnings, [])
    await clearRoot(root, ignored())
    assert.deepEqual(readdirSync(root).sort(), ['etc', 'kaniko', 'proc', 'var'])
    assert.deepEqual(readdirSync(join(root, 'etc')), ['hosts'])
    assert.equal(lstatSync(join(root, 'etc')).mode & 0o7777, 0o755)
    assert.equal(machine.read('etc/hosts'), '127.0.0.1 localhost\n')
    assert.equal(mountsWithin(root).length, 3)
  },
})
