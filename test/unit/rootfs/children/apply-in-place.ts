import assert from 'node:assert/strict'
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { extractArchive } from '../../../../src/rootfs/extract.ts'
import { ignoredPaths } from '../../../../src/rootfs/ignored-paths.ts'
import { type Move, moveBack } from '../../../../src/rootfs/move-mounts.ts'
import { rawPath } from '../../../../src/tar/raw-path.ts'
import { inChunks } from '../../../hostile/canary.ts'
import { member, tarOf } from '../../../hostile/raw-tar.ts'
import { play } from './machine-root.ts'

const file = (name: string, content = 'new'): Buffer => member({ name, mode: 0o600 }, content)
const dir = (name: string, mode = 0o755): Buffer => member({ name, type: '5', mode })
const symlink = (name: string, link: string): Buffer => member({ name, type: '2', link, mode: 0o777 })
const hardlink = (name: string, link: string): Buffer => member({ name, type: '1', link, mode: 0o600 })

await play({
  async covered({ root, apply, warnings, read }) {
    await apply(
      tarOf(
        dir('./', 0o711),
        dir('etc', 0o750),
        file('etc/hosts'),
        file('etc/passwd'),
        file('etc/resolv.conf'),
        hardlink('etc/hosts', 'etc/passwd'),
        symlink('etc/hosts', 'passwd'),
        dir('kaniko', 0o700),
        file('kaniko/executor'),
        file('kaniko/more'),
        symlink('kaniko/bin', '/etc'),
        member({ name: 'proc/null', type: '3', major: 1, minor: 3 }),
        dir('var/run/secrets/tokens', 0o777),
        file('var/run/secrets/tokens/token'),
        file('var/run/pid'),
      ),
    )
    assert.deepEqual(warnings, [])
    assert.equal(read('etc/passwd'), 'new')
    assert.equal(read('var/run/pid'), 'new')
    assert.equal(lstatSync(join(root, 'etc')).mode & 0o7777, 0o750)
    assert.equal(lstatSync(root).mode & 0o7777, 0o711)
    assert.deepEqual(readdirSync(join(root, 'etc')).sort(), ['hosts', 'passwd'])
    assert.deepEqual(readdirSync(join(root, 'proc')), ['status'])
  },

  async whiteouts({ root, apply, warnings, read }) {
    for (const path of ['etc/old', 'var/old', 'var/run/old', 'old']) writeFileSync(join(root, path), 'old')
    mkdirSync(join(root, 'workspace'))
    await apply(tarOf(file('etc/.wh.hosts'), file('.wh.kaniko'), file('kaniko/.wh.executor'), file('proc/.wh.status')))
    assert.equal(read('etc/old'), 'old')
    await apply(tarOf(file('etc/.wh..wh..opq'), file('.wh.var'), file('kaniko/.wh..wh..opq'), file('.wh.workspace')))
    assert.deepEqual(readdirSync(join(root, 'etc')), ['hosts'])
    assert.deepEqual(readdirSync(join(root, 'var')), ['run'])
    assert.deepEqual(readdirSync(join(root, 'var/run')), ['secrets'])
    assert.deepEqual(readdirSync(root).sort(), ['etc', 'kaniko', 'old', 'proc', 'var'])
    await apply(tarOf(file('etc/mine'), file('.wh..wh..opq')))
    assert.deepEqual(readdirSync(root).sort(), ['etc', 'kaniko', 'proc', 'var'])
    assert.deepEqual(readdirSync(join(root, 'etc')).sort(), ['hosts', 'mine'])
    assert.deepEqual(warnings, [])
  },

  async symlinks({ root, apply, warnings }) {
    await apply(
      tarOf(
        symlink('data', '/kaniko'),
        symlink('via', 'etc/../data'),
        symlink('conf', './etc'),
        symlink('tokens', '/var/run/secrets/tokens'),
        file('data/x'),
        file('data/executor'),
        dir('data/bin', 0o700),
        hardlink('via/link', 'data/executor'),
        file('via/bin/node'),
        file('data/.wh.executor'),
        file('via/.wh..wh..opq'),
        file('conf/hosts'),
        file('conf/passwd'),
        file('tokens/deep/token'),
      ),
    )
    assert.deepEqual(warnings, [
      'WARN /data/x is left out: /kaniko belongs to the machine',
      'WARN /conf/hosts is left out: /etc/hosts belongs to the machine',
      'WARN /tokens/deep/token is left out: /var/run/secrets/tokens belongs to the machine',
    ])
    assert.deepEqual(readdirSync(join(root, 'kaniko')).sort(), ['bin', 'executor', 'mounts'])
    assert.deepEqual(readdirSync(join(root, 'var/run/secrets/tokens')), ['token'])
    assert.deepEqual(readdirSync(join(root, 'etc')).sort(), ['hosts', 'passwd'])
  },

  async hardlinks({ root, apply, warnings }) {
    await apply(tarOf(file('one', 'old'), file('two', 'old'), symlink('data', '/kaniko')))
    await apply(tarOf(hardlink('one', 'etc/hosts'), hardlink('two', 'data/executor'), hardlink('three', 'proc/status')))
    assert.deepEqual(warnings, [
      'WARN /one is left out: /etc/hosts belongs to the machine',
      'WARN /two is left out: /kaniko belongs to the machine',
      'WARN /three is left out: /proc belongs to the machine',
    ])
    assert.deepEqual(readdirSync(root).sort(), ['data', 'etc', 'kaniko', 'proc', 'var'])
  },

  async stays({ root, apply, warnings, read }) {
    writeFileSync(join(root, 'var/run/old'), 'old')
    await apply(tarOf(dir('run'), symlink('var/run', '/run'), file('var/run/pid'), symlink('var/run', '/run')))
    const why = 'the directory stays, because /var/run/secrets/tokens in it belongs to the machine'
    assert.deepEqual(warnings, [`WARN /var/run is left out: ${why}`])
    assert.deepEqual(readdirSync(join(root, 'var/run')), ['secrets'])
    await apply(tarOf(file('var')))
    assert.match(warnings.slice(1).join(), /^WARN \/var is left out: the directory stays/)
    assert.equal(read('var/run/secrets/tokens/token'), 'precious')
  },

  async moves({ root, apply, warnings, read }) {
    writeFileSync(join(root, 'var/run/old'), 'old')
    mkdirSync(join(root, 'run/secrets'), { recursive: true })
    const moved: Move[] = []
    const onMoved = (moves: readonly Move[]): void => void moved.push(...moves)
    await apply(tarOf(dir('run'), symlink('var/run', '../run'), file('var/run/pid')), { onMoved })
    assert.deepEqual([warnings, moved], [[], [{ from: 'var/run/secrets', to: 'run/secrets' }]])
    assert.equal(readlinkSync(join(root, 'var/run')), '../run')
    assert.deepEqual([read('run/pid'), read('var/run/secrets/tokens/token')], ['new', 'precious'])
    assert.deepEqual(readdirSync(join(root, 'run')).sort(), ['pid', 'secrets'])
    await apply(tarOf(dir('var/run/secrets'), file('var/run/secrets/tokens/token'), file('run/.wh.secrets')), {
      onMoved,
    })
    assert.deepEqual(warnings, [
      'WARN /var/run/secrets/tokens/token is left out: /run/secrets/tokens belongs to the machine',
    ])
    assert.equal(read('run/secrets/tokens/token'), 'precious')
  },

  async movesBack({ root, apply, warnings, read }) {
    const moved: Move[] = []
    const onMoved = (moves: readonly Move[]): void => void moved.push(...moves)
    for (const change of [() => {}, () => unlinkSync(join(root, 'var/run'))]) {
      await apply(tarOf(symlink('var/run', '/run')), { onMoved })
      assert.equal(read('run/secrets/tokens/token'), 'precious')
      change()
      for (const move of moved.splice(0)) moveBack(root, move)
      assert.deepEqual(readdirSync(join(root, 'var/run')), ['secrets'])
      assert.deepEqual(readdirSync(join(root, 'run')), [])
      assert.equal(read('var/run/secrets/tokens/token'), 'precious')
    }
    assert.deepEqual(warnings, [])
  },

  async cannotMove({ root, apply, warnings }) {
    const onMoved = (): void => assert.fail('nothing has moved')
    const why = (owned: string): RegExp =>
      new RegExp(`^WARN /var/run is left out: the directory stays, because ${owned}`)
    // Into itself, onto something else, to another mount, and not alone.
    for (const target of ['/var/run/deep', 'run/../full', '/proc', '/proc/deep']) {
      mkdirSync(join(root, 'var/full'), { recursive: true })
      writeFileSync(join(root, 'var/full/secrets'), 'in the way')
      await apply(tarOf(symlink('var/run', target)), { onMoved })
      assert.match(warnings.splice(0).join(), why('/var/run/secrets/tokens'))
    }
    mkdirSync(join(root, 'run/secrets'), { recursive: true })
    writeFileSync(join(root, 'run/secrets/other'), '')
    await apply(tarOf(symlink('var/run', '/run')), { onMoved })
    assert.match(warnings.splice(0).join(), why('/var/run/secrets/tokens'))
    mkdirSync(join(root, 'var/run/mine'))
    const mine = ignoredPaths([rawPath('var/run/mine'), rawPath('var/run/secrets/tokens')])
    await apply(tarOf(symlink('var/run', '/run')), { onMoved, ignored: mine })
    assert.match(warnings.splice(0).join(), why('/var/run/'))
    assert.deepEqual(readdirSync(join(root, 'var/run')).sort(), ['mine', 'secrets'])
    assert.deepEqual(readdirSync(join(root, 'var/run/secrets')), ['tokens'])
    assert.deepEqual(readdirSync(join(root, 'proc')), ['status'])
  },

  async unannounced({ root, apply, warnings, ignoredBut }) {
    const ignored = ignoredBut('var/run/secrets/tokens')
    await apply(tarOf(file('var/run/secrets/tokens/token'), file('var/run/secrets/tokens/.wh..wh..opq')), { ignored })
    await apply(tarOf(symlink('t', 'var/run/secrets/tokens'), file('t/token'), file('t/.wh.token')), { ignored })
    const says = 'is left out: /var/run/secrets/tokens belongs to the machine'
    assert.deepEqual(warnings, [`WARN /var/run/secrets/tokens/token ${says}`, `WARN /t/token ${says}`])
    const mounted = { code: 'permission', message: /secrets\/tokens is not removed: something is mounted there/ }
    for (const layer of [file('.wh.var'), file('var/run/secrets/.wh.tokens'), symlink('var/run/secrets/tokens', '/')]) {
      await assert.rejects(apply(tarOf(layer), { ignored }), mounted)
    }
    const metadata = apply(tarOf(dir('var/run/secrets/tokens', 0o777)), { ignored })
    await assert.rejects(metadata, /was replaced while it was made/)
    const noHosts = ignoredBut('etc/hosts')
    for (const layer of [file('etc/hosts'), file('etc/.wh.hosts'), file('.wh.etc'), symlink('etc/hosts', 'x')]) {
      await assert.rejects(apply(tarOf(layer), { ignored: noHosts }), /etc\/hosts is not removed: something is mounted/)
    }
    assert.ok(existsSync(join(root, 'var/run/secrets/tokens/token')))
  },

  async archives({ root, log, warnings, ignored, read }) {
    const extract = (target: string, ...parts: readonly Buffer[]): Promise<void> =>
      extractArchive(root, rawPath(target), inChunks(tarOf(...parts), 1 << 20), { log, ignored: ignored() })
    await extract('', dir('proc'), file('etc/passwd'), file('etc/hosts'), file('proc/one'), file('proc/two'))
    await extract('etc', file('hosts'), file('group'))
    assert.deepEqual(warnings, [
      'WARN /etc/hosts is left out: /etc/hosts belongs to the machine',
      'WARN /proc/one is left out: /proc belongs to the machine',
      'WARN /hosts is left out: /etc/hosts belongs to the machine',
    ])
    assert.deepEqual([read('etc/passwd'), read('etc/group')], ['new', 'new'])
    symlinkSync('/kaniko', join(root, 'data'))
    for (const target of ['kaniko', 'data/bin', 'var/run/secrets/tokens']) {
      await assert.rejects(extract(target, file('x')), { code: 'copy-destination', message: /belongs to the machine/ })
    }
  },
})
