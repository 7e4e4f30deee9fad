import assert from 'node:assert/strict'
import { existsSync, lstatSync, mkdirSync, readdirSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { extractArchive } from '../../../../src/rootfs/extract.ts'
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

  async relocates({ root, apply, warnings, read }) {
    writeFileSync(join(root, 'var/run/old'), 'old')
    mkdirSync(join(root, 'kaniko/mounts/run'))
    const base = tarOf(dir('run'), symlink('var/run', '/run'), file('var/run/pid'))
    await apply(base, { relocateTo: join(root, 'kaniko/mounts') })
    assert.deepEqual(warnings, [])
    assert.equal(readlinkSync(join(root, 'var/run')), '/run')
    assert.equal(read('run/pid'), 'new')
    assert.deepEqual(readdirSync(join(root, 'run')), ['pid'])
    assert.deepEqual(readdirSync(join(root, 'kaniko/mounts/run-1')), ['secrets'])
    assert.equal(read('kaniko/mounts/run-1/secrets/tokens/token'), 'precious')
    await apply(tarOf(dir('var/run'), file('var/run/secrets/tokens/token')))
    assert.equal(read('var/run/secrets/tokens/token'), 'new', 'nothing of the machine is there any more')
  },

  async cannotRelocate({ root, apply, warnings }) {
    await apply(tarOf(symlink('var/run', '/run')), { relocateTo: join(root, 'proc') })
    assert.match(warnings.join(), /^WARN \/var\/run is left out: the directory stays/)
    assert.deepEqual(readdirSync(join(root, 'var/run')), ['secrets'])
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
