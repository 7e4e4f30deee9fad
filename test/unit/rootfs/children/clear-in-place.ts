import assert from 'node:assert/strict'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { clearRoot } from '../../../../src/rootfs/clear-root.ts'
import { run } from '../../../support/command.ts'
import { type MachineRoot, play } from './machine-root.ts'

/** What a stage may leave behind. */
function litter({ root }: MachineRoot): void {
  mkdirSync(join(root, 'usr/lib'), { recursive: true })
  mkdirSync(join(root, 'run'))
  for (const path of ['etc/passwd', 'usr/lib/libc.so', 'var/run/pid', 'var/run/secrets/more']) {
    writeFileSync(join(root, path), 'of the stage')
  }
  symlinkSync('/kaniko', join(root, 'data'))
  symlinkSync('../kaniko', join(root, 'usr/kaniko'))
  symlinkSync(join(root, 'proc'), join(root, 'usr/proc'))
  linkSync(join(root, 'etc/passwd'), join(root, 'usr/name'))
  mkdirSync(Buffer.concat([Buffer.from(`${root}/usr/`), Buffer.from([0xff, 0x0a])]))
  writeFileSync(Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0x80])]), '')
  writeFileSync(join(root, 'workspace'), 'not what is ignored')
  chmodSync(join(root, 'usr/lib'), 0)
}

const left = (root: string): readonly string[] => readdirSync(root, { recursive: true, encoding: 'utf8' }).sort()

await play({
  async clears(machine) {
    const { root, ignored } = machine
    const before = left(root)
    litter(machine)
    await clearRoot(root, ignored())
    assert.deepEqual(left(root), before)
    await clearRoot(root, ignored())
    assert.deepEqual(left(root), before)
  },

  async plain({ root, ignored }) {
    for (const path of ['', 'etc', 'var/run']) {
      chownSync(join(root, path), 3, 4)
      await run('setfattr', ['-n', 'user.stage', '-v', '1', join(root, path)])
      chmodSync(join(root, path), 0o1700)
    }
    await clearRoot(root, ignored())
    for (const path of ['', 'etc', 'var/run']) {
      const { mode, uid, gid } = lstatSync(join(root, path))
      assert.deepEqual([mode & 0o7777, uid, gid], [0o755, 0, 0])
      assert.equal(await run('getfattr', ['-d', join(root, path)]), '')
    }
  },

  async unannounced({ root, ignoredBut }) {
    const missing: readonly (readonly [string, string])[] = [
      ['proc', 'proc'],
      ['var/run/secrets/tokens', 'var/run/secrets/tokens'],
      ['etc/hosts', 'etc/hosts'],
    ]
    for (const [path, says] of missing) {
      const message = new RegExp(`${root}/${says} is not removed: something is mounted there`)
      await assert.rejects(clearRoot(root, ignoredBut(path)), { code: 'permission', message })
    }
    assert.ok(existsSync(join(root, 'var/run/secrets/tokens/token')))
    writeFileSync(join(root, 'top'), '')
    await run('mount', ['--bind', join(root, 'kaniko/executor'), join(root, 'top')])
    await assert.rejects(clearRoot(root, ignoredBut('top')), /\/top is not removed: something is mounted there/)
  },

  async deep({ root, ignored }) {
    const directories = Array.from({ length: 90 }, (_, level) => `d${level}`)
    const [kept, beside] = [['deep', ...directories].join('/'), ['deep', 'x', ...directories].join('/')]
    for (const path of [kept, beside]) mkdirSync(join(root, path), { recursive: true })
    for (const path of [`${kept}/file`, `${kept}-not`, `${beside}/file`]) writeFileSync(join(root, path), '')
    await clearRoot(root, ignored(kept))
    const expected = directories.map((_, level) => ['deep', ...directories.slice(0, level + 1)].join('/'))
    assert.deepEqual(
      left(root).filter((path) => path.startsWith('deep')),
      ['deep', ...expected, `${kept}/file`].sort(),
    )
  },
})
