import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, readFileSync, rmdirSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { inPlaceIsolation } from '../../src/run/in-place.ts'
import { listProcesses } from '../../src/sys/processes.ts'
import { rawPath } from '../../src/tar/raw-path.ts'
import { processesWith } from '../support/processes.ts'
import { carol, type IsolationMaker, promisesOf, rootUser } from './isolation-bench.ts'

/** What commands in the root of the container itself promise beyond the rest. */
export function inPlaceSuite(maker: IsolationMaker): void {
  const promise = promisesOf(maker)

  promise('no process of a command is left, not even one that waits to be buried', async ({ exec }) => {
    const before = listProcesses().map(({ pid }) => pid)
    const script = `sleep 3000001 & setsid sh -c 'sleep 3000002 & sleep 3000003' & (sh -c 'sleep 3000004 & exit' &)
sh -c 'exec 3</dev/null; while :; do (usleep 1000 &); done' & usleep 200000`
    for (const user of [rootUser, carol]) {
      assert.deepEqual((await exec(['sh', '-c', script], { user })).outcome, { exitCode: 0 })
      const left = listProcesses().filter(({ pid }) => !before.includes(pid))
      assert.deepEqual(left, [])
    }
  })

  promise('a daemon that keeps the output open does not delay the end', async ({ exec }) => {
    const { stdout } = await exec(['sh', '-c', "setsid sh -c 'echo started; exec sleep 3000005' & usleep 300000"])
    assert.deepEqual([stdout, processesWith('3000005')], [['started'], []])
  })

  promise('a command that kills what watches over it is an error, and is gone', async ({ exec }) => {
    const script = "setsid sleep 3000006 & trap '' TERM; kill -KILL $PPID; sleep 3000007"
    await assert.rejects(exec(['sh', '-c', script]), { code: 'run-unavailable', message: /watches over the command/ })
    assert.deepEqual([processesWith('3000006'), processesWith('3000007')], [[], []])
  })

  promise('a command that stops what watches over it can still be aborted', async ({ exec }) => {
    const controller = new AbortController()
    const onLine = (): void => controller.abort(new Error('stop now'))
    const script = 'setsid sleep 3000008 & kill -STOP $PPID; echo stopped; sleep 3000009'
    await assert.rejects(exec(['sh', '-c', script], { signal: controller.signal, onLine }), /stop now/)
    assert.deepEqual([processesWith('3000008'), processesWith('3000009')], [[], []])
  })

  promise('signals to all it can see do not end what watches over a command', async ({ exec }) => {
    const script = 'for s in TERM INT HUP QUIT USR1 USR2 ALRM; do kill -$s $PPID; done; usleep 200000; echo here'
    const { outcome, stdout } = await exec(['sh', '-c', script])
    assert.deepEqual([outcome, stdout], [{ exitCode: 0 }, ['here']])
  })

  promise('SIGTERM to the program that runs it ends a command', async () => {
    const script = "trap '' TERM; setsid sleep 3000011 & sleep 3000012"
    const program = spawn(process.execPath, [maker.child, '/', script], { stdio: ['ignore', 'ignore', 'inherit'] })
    const running = (): number => processesWith('3000011').length + processesWith('3000012').length
    while (running() < 2) {
      assert.equal(program.exitCode, null, 'it runs until it is told to end')
      await sleep(20)
    }
    program.kill('SIGTERM')
    await once(program, 'exit')
    for (let tries = 0; tries < 250 && running() > 0; tries += 1) await sleep(20)
    assert.equal(running(), 0)
  })

  promise("hearth's own child processes live on", async ({ exec, sh }) => {
    const child = execFile('/bin/sleep', ['3000010'])
    const ended = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)))
    await sh('true')
    await assert.rejects(exec(['sh', '-c', 'kill -KILL $PPID; sleep 5']), { code: 'run-unavailable' })
    assert.equal(processesWith('3000010').length, 1)
    child.kill('SIGTERM')
    assert.equal(await ended, 'SIGTERM')
  })

  promise('a root without a program of its own can still be told of', async ({ exec }) => {
    // Another base has taken the place of this one: nothing of it is needed to start a command.
    await exec(['rm', '-rf', '/bin', '/etc', '/usr'])
    assert.equal((await exec(['sh', '-c', 'true'])).outcome.exitCode, 127)
    assert.deepEqual((await exec(['/kaniko/bin/busybox', 'echo', 'x'], { env: {} })).stdout, ['x'])
  })

  promise(
    'what is mounted, the files of the runtime and what is of hearth are no part of the image',
    async ({ root }) => {
      mkdirSync('/data/deep', { recursive: true })
      mkdirSync('/context')
      symlinkSync('/context', '/link')
      const { sharedRoot } = inPlaceIsolation({
        ownDirectory: '/kaniko',
        ignorePaths: ['/data/deep/'],
        alsoIgnored: ['/link', '/not/there'],
      })
      const ignored = sharedRoot?.ignored()
      const covered = ['kaniko/bin/node', 'proc/1', 'sys', 'dev/null', 'etc/hosts', 'etc/hostname', 'etc/resolv.conf']
      for (const path of [...covered, 'etc/mtab', 'data/deep/er', 'link', 'context/file', 'not/there', 'mounted/x']) {
        assert.equal(ignored?.covers(rawPath(path)), true, path)
      }
      for (const path of ['', 'etc', 'etc/passwd', 'data', 'data/deeper', 'bin/sh', 'not', 'var/run', 'run']) {
        assert.equal(ignored?.covers(rawPath(path)), false, path)
      }
      assert.deepEqual([root, ignored?.reachesInto(rawPath('data'))], ['/', true])
      assert.equal(readFileSync('/mounted/file', 'utf8'), 'of the machine\n')
    },
  )

  promise('a script of an earlier run that was killed is no hindrance', async ({ exec }) => {
    mkdirSync('/kaniko/pipes-old')
    symlinkSync('/kaniko/pipes-old', '/dev/pipes')
    const scripts = [{ path: '/dev/pipes/EOF', content: '#!/bin/sh\necho new\n' }]
    assert.deepEqual((await exec(['/dev/pipes/EOF'], { scripts })).stdout, ['new'])
    rmdirSync('/kaniko/pipes-old')
    assert.deepEqual(traces(), [])
  })

  promise('a command may take its script away, or all of /dev/pipes', async ({ exec }) => {
    for (const victim of ['"$0"', '/dev/pipes', '/dev/pipes/']) {
      const scripts = [{ path: '/dev/pipes/EOF', content: `#!/bin/sh\nrm -rf ${victim}\n` }]
      assert.deepEqual((await exec(['/dev/pipes/EOF'], { scripts })).outcome, { exitCode: 0 })
      assert.deepEqual(traces(), [])
    }
  })

  promise('a /dev/pipes that is something else is a clear error, and stays', async ({ exec }) => {
    writeFileSync('/dev/pipes', '')
    const scripts = [{ path: '/dev/pipes/EOF', content: '#!/bin/sh\n' }]
    await assert.rejects(exec(['/dev/pipes/EOF'], { scripts }), {
      code: 'run-unavailable',
      why: /EEXIST/,
      fix: /\/dev/,
    })
    assert.deepEqual(traces(), ['/dev/pipes'])
    unlinkSync('/dev/pipes')
  })

  promise("what is the container's cannot be mounted over", async ({ exec, tree }) => {
    mkdirSync('/data')
    const before = tree()
    for (const target of ['/mounted/place', '/mounted', '/kaniko/place', '/dev/place', '/etc/hosts']) {
      const mounts = [{ kind: 'tmpfs', target, size: undefined, readOnly: false }] as const
      await assert.rejects(exec(['true'], { mounts }), {
        code: 'run-unavailable',
        message: new RegExp(target),
        why: /belongs to the container/,
      })
    }
    assert.deepEqual(tree(), before)
  })

  promise('a command that takes its mounts away, or puts others there, gets the root back as it was', async (bench) => {
    mkdirSync('/own')
    writeFileSync('/own/file', 'own')
    const source = bench.newDirectory('empty')
    writeFileSync(`${source}/kept`, 'kept')
    // The command does change "/" itself.
    const below = (): readonly string[] => bench.tree().filter((line) => !line.startsWith('. '))
    const before = below()
    const mounts = [
      { kind: 'cache', target: '/own', source, readOnly: false },
      { kind: 'tmpfs', target: '/new/place', size: undefined, readOnly: false },
    ] as const
    await bench.exec(['sh', '-c', 'rm -rf /own /new; mkdir /own; echo x > /own/x'], { mounts })
    assert.deepEqual(below(), before)
    assert.equal(readFileSync(`${source}/kept`, 'utf8'), 'kept')
  })

  promise('the network cannot be taken away, which is an error that says so', async ({ exec }) => {
    await assert.rejects(exec(['true'], { network: 'none' }), {
      code: 'run-unavailable',
      message: /--network=none/,
      why: /EPERM/,
    })
  })

  promise('a root elsewhere is refused', async ({ newDirectory, exec }) => {
    await assert.rejects(exec(['true'], { root: newDirectory('empty') }), TypeError)
  })
}

/** What scripts of commands have left. */
function traces(): readonly string[] {
  const own = readdirSync('/kaniko').filter((name) => name.startsWith('pipes-'))
  return [
    ...own.map((name) => `/kaniko/${name}`),
    ...readdirSync('/dev').flatMap((name) => (name === 'pipes' ? ['/dev/pipes'] : [])),
  ]
}
