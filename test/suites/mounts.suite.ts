import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import type { CommandMount } from '../../src/run/command-mount.ts'
import { type Bench, carol, type IsolationMaker, promisesOf, rootUser } from './isolation-bench.ts'

/** What every isolation promises about what is mounted for a command, by whatever means. */
export function mountsSuite(maker: IsolationMaker): void {
  const promise = promisesOf(maker)
  const secret = (target: string, more: object = {}): CommandMount => {
    return { kind: 'secret', target, content: base64('of nobody else\n'), mode: 0o400, uid: 0, gid: 0, ...more }
  }

  promise('files are there for the command, and nothing of them afterwards', async (bench) => {
    const source = filledDirectory(bench)
    const before = bench.tree()
    const mounts: readonly CommandMount[] = [
      { kind: 'files', target: '/new/place', source, readOnly: true },
      { kind: 'files', target: '/etc/one', source: join(source, 'file'), readOnly: true },
    ]
    for (const user of [rootUser, carol]) {
      const said = await bench.sh('cat /new/place/file /new/place/sub/deep /etc/one; ls -A /new', { user, mounts })
      assert.deepEqual(said, ['content', 'deep', 'content', 'place'])
    }
    assert.deepEqual(bench.tree(), before)
  })

  promise('what the root has at the place comes back as it was', async (bench) => {
    const source = filledDirectory(bench)
    mkdirSync(join(bench.root, 'own'))
    writeFileSync(join(bench.root, 'own/here'), 'own')
    const before = bench.tree()
    const mounts: readonly CommandMount[] = [
      { kind: 'files', target: '/own', source, readOnly: false },
      { kind: 'tmpfs', target: '/tmp', size: undefined, readOnly: false },
    ]
    const script = 'cat /own/file; test ! -e /own/here; echo x > /own/written; echo y > /tmp/written; rm /own/sub/deep'
    assert.deepEqual(await bench.sh(script, { mounts }), ['content'])
    assert.deepEqual(bench.tree(), before)
  })

  promise('a cache keeps what is written, for the command after', async (bench) => {
    const source = bench.newDirectory('empty')
    const before = bench.tree()
    const mounts: readonly CommandMount[] = [{ kind: 'cache', target: '/var/cache/it', source, readOnly: false }]
    await bench.sh('echo kept > /var/cache/it/file; mkdir /var/cache/it/sub', { mounts })
    assert.deepEqual(bench.tree(), before)
    assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'kept\n')
    assert.deepEqual(await bench.sh('cd /var/cache/it && ls && cat file', { mounts }), ['file', 'sub', 'kept'])
    assert.deepEqual(readdirSync(source), ['file', 'sub'])
  })

  promise('a cache that may only be read is not changed', async (bench) => {
    const source = filledDirectory(bench)
    const mounts: readonly CommandMount[] = [{ kind: 'cache', target: '/cached', source, readOnly: true }]
    assert.deepEqual(await bench.sh('cat /cached/file; (echo x > /cached/file) 2>/dev/null; :', { mounts }), [
      'content',
    ])
    assert.equal(readFileSync(join(source, 'file'), 'utf8'), 'content\n')
  })

  promise('a secret is a file with the mode and owner that are asked for', async (bench) => {
    const before = bench.tree()
    const root = { mounts: [secret('/run/secrets/it')] }
    assert.deepEqual(await bench.sh("cat /run/secrets/it; stat -L -c '%a %u %g %F' /run/secrets/it", root), [
      'of nobody else',
      '400 0 0 regular file',
    ])
    const refused = await bench.exec(['cat', '/run/secrets/it'], { ...root, user: carol })
    assert.deepEqual([refused.outcome.exitCode, refused.stdout], [1, []])
    const hers = { mounts: [secret('/home/key', { mode: 0o440, uid: carol.uid, gid: carol.gid })], user: carol }
    assert.deepEqual(await bench.sh('cat /home/key; stat -L -c %a:%u:%g /home/key', hers), [
      'of nobody else',
      `440:${carol.uid}:${carol.gid}`,
    ])
    assert.deepEqual(bench.tree(), before)
  })

  promise('a secret is in memory, and gone with the command', async (bench) => {
    const before = readdirSync('/dev/shm')
    const content = base64(`canary ${process.pid}\n`)
    await bench.sh('cat /it > /dev/null', { mounts: [{ ...secret('/it'), content } as CommandMount] })
    assert.deepEqual(readdirSync('/dev/shm'), before)
    assert.equal(await bench.exec(['test', '-e', '/it']).then(({ outcome }) => outcome.exitCode), 1)
  })

  promise('mounts can lie in one another', async (bench) => {
    const before = bench.tree()
    const mounts: readonly CommandMount[] = [
      secret('/outer/inner/secret'),
      { kind: 'tmpfs', target: '/outer', size: undefined, readOnly: false },
      { kind: 'files', target: '/outer/inner', source: filledDirectory(bench), readOnly: false },
    ]
    const said = await bench.sh('cat /outer/inner/file /outer/inner/secret; ls /outer', { mounts })
    assert.deepEqual(said, ['content', 'of nobody else', 'inner'])
    assert.deepEqual(bench.tree(), before)
  })

  promise('places behind symlinks are in the root', async (bench) => {
    mkdirSync(join(bench.root, 'real'))
    symlinkSync('/real', join(bench.root, 'link'))
    const before = bench.tree()
    const mounts = [secret('/link/it')]
    assert.deepEqual(await bench.sh('cat /real/it', { mounts }), ['of nobody else'])
    assert.deepEqual(bench.tree(), before)
  })

  promise('what is written beside a place stays, with its time', async (bench) => {
    const mounts = [secret('/fresh/it')]
    await bench.sh('echo x > /fresh/beside; touch -d @1000000000 /fresh', { mounts })
    assert.deepEqual(readdirSync(join(bench.root, 'fresh')), ['beside'])
    assert.equal(lstatSync(join(bench.root, 'fresh')).mtimeMs, 1e12)
  })

  promise('a failing command leaves no trace of its mounts', async (bench) => {
    const before = bench.tree()
    const mounts = [secret('/a/b/c'), { kind: 'tmpfs', target: '/d/e', size: undefined, readOnly: false } as const]
    assert.equal((await bench.exec(['sh', '-c', 'echo x > /d/e/f; exit 3'], { mounts })).outcome.exitCode, 3)
    assert.equal((await bench.exec(['missing'], { mounts })).outcome.exitCode, 127)
    assert.deepEqual(bench.tree(), before)
  })

  promise('a socket is there, and it is the one that is meant', async (bench) => {
    const path = join(bench.newDirectory('empty'), 'agent')
    const server = createServer((socket) => socket.end())
    await new Promise<void>((resolve) => server.listen(path, resolve))
    const { ino } = lstatSync(path)
    const mounts: readonly CommandMount[] = [{ kind: 'socket', target: '/run/agent', source: path }]
    try {
      const before = bench.tree()
      assert.deepEqual(await bench.sh('test -S /run/agent; stat -c %i /run/agent', { mounts }), [String(ino)])
      assert.deepEqual(bench.tree(), before)
    } finally {
      server.close()
    }
  })
}

/** What only real mounts can promise. */
export function walledMountsSuite(maker: IsolationMaker): void {
  const promise = promisesOf(maker)

  promise('what may only be read cannot be written', async (bench) => {
    const source = filledDirectory(bench)
    const mounts: readonly CommandMount[] = [
      { kind: 'files', target: '/files', source, readOnly: true },
      { kind: 'cache', target: '/cache', source, readOnly: true },
      { kind: 'tmpfs', target: '/memory', size: undefined, readOnly: true },
    ]
    const script = 'for d in files cache memory; do touch /$d/x 2>/dev/null || echo no; done; rm /files/file || echo no'
    const { stdout } = await bench.exec(['sh', '-c', script], { mounts })
    assert.deepEqual(stdout, ['no', 'no', 'no', 'no'])
    assert.deepEqual(readdirSync(source), ['file', 'sub'])
  })

  promise('a tmpfs is no larger than its size, and has the mode of what it covers', async (bench) => {
    mkdirSync(join(bench.root, 'closed'), { mode: 0o700 })
    const mounts: readonly CommandMount[] = [
      { kind: 'tmpfs', target: '/closed', size: 1 << 20, readOnly: false },
      { kind: 'tmpfs', target: '/new', size: undefined, readOnly: false },
    ]
    const script = `stat -c %a /closed /new; head -c 2m /dev/zero > /closed/x 2>/dev/null || echo full
grep -c ' /closed tmpfs ' /proc/mounts`
    assert.deepEqual(await bench.sh(script, { mounts }), ['700', '1777', 'full', '1'])
  })

  promise('nothing of what is mounted can be had otherwise', async (bench) => {
    const source = filledDirectory(bench)
    const mounts: readonly CommandMount[] = [{ kind: 'files', target: '/files', source, readOnly: true }]
    const script = `test ! -e ${source}; ls -A /dev/store 2>/dev/null; ls /dev | grep -c store || true`
    assert.deepEqual(await bench.sh(script, { mounts }), ['0'])
  })

  promise('a mount in one that may only be read needs its place there', async (bench) => {
    const source = filledDirectory(bench)
    const outer: CommandMount = { kind: 'files', target: '/outer', source, readOnly: true }
    const inner = (target: string): CommandMount => ({ kind: 'tmpfs', target, size: undefined, readOnly: false })
    await bench.sh('touch /outer/sub/x', { mounts: [outer, inner('/outer/sub')] })
    const before = bench.tree()
    await assert.rejects(bench.exec(['true'], { mounts: [outer, inner('/outer/missing')] }), {
      code: 'run-unavailable',
      message: /--mount/,
      why: /\/outer\/missing.*(?:EROFS|read-only)/,
    })
    assert.deepEqual(bench.tree(), before)
  })

  promise('places below /dev can be mounted on', async (bench) => {
    const mounts: readonly CommandMount[] = [{ kind: 'tmpfs', target: '/dev/shm', size: 1 << 20, readOnly: false }]
    assert.deepEqual(await bench.sh('grep -c " /dev/shm " /proc/mounts; touch /dev/shm/x', { mounts }), ['2'])
  })

  promise('without the network there is only the loopback', async (bench) => {
    const script = `(echo hello | nc -l -p 7777 127.0.0.1 &)
for i in 1 2 3 4 5 6 7 8 9 10; do nc 127.0.0.1 7777 < /dev/null && break; usleep 100000; done`
    const { stdout } = await bench.exec(['sh', '-c', script], { network: 'none' })
    assert.deepEqual(stdout, ['hello'])
    const interfaces = (await bench.sh('cat /proc/net/dev', { network: 'none' })).length
    assert.equal(interfaces, 3)
  })
}

function filledDirectory(bench: Bench): string {
  const directory = bench.newDirectory('empty')
  rmSync(join(directory, 'sub'), { recursive: true, force: true })
  mkdirSync(join(directory, 'sub'))
  writeFileSync(join(directory, 'file'), 'content\n')
  writeFileSync(join(directory, 'sub/deep'), 'deep\n')
  return directory
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
