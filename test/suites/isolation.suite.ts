import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import type { OutputStream, RunOutcome } from '../../src/run/isolation.ts'
import { type ResolvedUser, resolveUser } from '../../src/run/user.ts'
import { run } from '../support/command.ts'
import { processesWith } from '../support/processes.ts'
import {
  type ChildReport,
  carol,
  type IsolationMaker,
  type Promising,
  promisesOf,
  rootUser,
  treeOf,
  uniqueSeconds,
} from './isolation-bench.ts'
import { mountsSuite, walledMountsSuite } from './mounts.suite.ts'

/** What every isolation promises. Runs as root; makes no mount that outlives its command. */
export function isolationSuite(maker: IsolationMaker): void {
  const promise = promisesOf(maker)
  programs(promise, maker)
  identities(promise)
  streams(promise, maker)
  endings(promise, maker)
  traces(promise)
  if (hasMounts(maker)) mountsSuite(maker)
  if (!maker.walls) return
  if (hasMounts(maker)) walledMountsSuite(maker)
  walls(promise)
  if (!maker.lacks?.includes('processes')) ownProcesses(promise)
  if (!maker.lacks?.includes('barrier') && hasMounts(maker)) neighbours(promise)
  surroundings(promise, maker)
  if (hasMounts(maker)) {
    mountedWalls(promise, maker)
    mountedSurroundings(promise)
  }
  mountPoints(promise, maker)
  strangeRoots(promise, maker)
}

function hasMounts({ lacks = [] }: IsolationMaker): boolean {
  return !lacks.includes('mounts')
}

function programs(promise: Promising, maker: IsolationMaker): void {
  const { walls: walled } = maker
  promise('what a command writes is in the root afterwards, under the usual umask', async ({ root, sh }) => {
    assert.deepEqual(await sh('umask; echo text > /written; mkdir /made'), ['0022'])
    assert.equal(readFileSync(join(root, 'written'), 'utf8'), 'text\n')
    assert.equal(lstatSync(join(root, 'written')).mode & 0o7777, 0o644)
    assert.equal(lstatSync(join(root, 'made')).mode & 0o7777, 0o755)
  })

  promise('a command sees the environment it is given and nothing more', async ({ exec }) => {
    const env = { PATH: '/bin', EMPTY: '', SPACES: ' a  b ', LINES: 'one\ntwo', UNICODE: 'ä→', 'odd.name': 'x=y' }
    const { stdout } = await exec(['tr', '\\0', '|'], { env })
    assert.deepEqual(stdout, [], 'the standard input is empty')
    const said = await exec(['env', '-0'], { env })
    const expected = Object.entries(env).map(([key, value]) => `${key}=${value}\0`)
    assert.equal(said.stdout.join('\n'), expected.join(''))
  })

  promise('the exit code is handed on', async ({ exec }) => {
    for (const exitCode of [0, 1, 42, 255]) {
      assert.deepEqual((await exec(['sh', '-c', `exit ${exitCode}`])).outcome, { exitCode })
    }
  })

  promise('an end by a signal is told, and makes the exit code of a shell', async ({ exec }) => {
    const ended = async (name: string): Promise<RunOutcome> => (await exec(['sh', '-c', `kill -${name} $$`])).outcome
    assert.deepEqual(await ended('KILL'), { exitCode: 137, signal: 'SIGKILL' })
    assert.deepEqual(await ended('TERM'), { exitCode: 143, signal: 'SIGTERM' })
    assert.deepEqual(await ended('SEGV'), { exitCode: 139, signal: 'SIGSEGV' })
  })

  promise('a program is looked up in the PATH of the environment, inside the root', async ({ root, exec }) => {
    mkdirSync(join(root, 'tools'))
    writeFileSync(join(root, 'tools/say'), '#!/bin/sh\necho "$0: $1"\n', { mode: 0o755 })
    assert.deepEqual((await exec(['say', 'a b'], { env: { PATH: '/bin:/tools' } })).stdout, ['/tools/say: a b'])
    assert.deepEqual((await exec(['/tools/say', '$X'])).stdout, ['/tools/say: $X'])
    assert.deepEqual((await exec(['./say', '*'], { workdir: '/tools' })).stdout, ['./say: *'])
  })

  promise('a program that is not there gives 127 and one line', async ({ exec }) => {
    // Nor is what only the machine has, where the root is not the machine's.
    for (const program of ['not-there', '/not/there', ...(walled ? [process.execPath] : [])]) {
      const { outcome, stderr, stdout } = await exec([program])
      assert.deepEqual([outcome, stdout, stderr.length], [{ exitCode: 127 }, [], 1])
      assert.ok(stderr[0]?.startsWith(`${program}: not found`), stderr[0])
    }
  })

  promise('a program that cannot be executed gives 126 and one line', async ({ root, exec }) => {
    writeFileSync(join(root, 'plain'), 'text', { mode: 0o644 })
    writeFileSync(join(root, 'binary'), '\u007fELF is no program', { mode: 0o755 })
    mkdirSync(join(root, 'locked'), { mode: 0o700 })
    writeFileSync(join(root, 'locked/tool'), '#!/bin/sh\n', { mode: 0o755 })
    const cases: readonly (readonly [argv: readonly string[], user: ResolvedUser, says: RegExp])[] = [
      [['/plain'], rootUser, /^\/plain: permission denied$/],
      [['/etc'], rootUser, /^\/etc: permission denied$/],
      [['/locked/tool'], carol, /^\/locked\/tool: permission denied$/],
      [['/plain/below'], rootUser, /^\/plain\/below: /],
      [['true', 'x'.repeat(1 << 20)], rootUser, /^true: .*too long/],
    ]
    for (const [argv, user, says] of cases) {
      const { outcome, stdout, stderr } = await exec(argv, { user })
      assert.deepEqual([outcome, stdout, stderr.length], [{ exitCode: 126 }, [], 1], argv[0])
      assert.match(stderr[0] ?? '', says)
    }
  })

  promise('the working directory is the one given, even one the user may not read', async ({ root, sh }) => {
    mkdirSync(join(root, 'deep/er'), { recursive: true })
    assert.deepEqual(await sh('pwd', { workdir: '/deep/er' }), ['/deep/er'])
    symlinkSync('/deep', join(root, 'link'))
    assert.deepEqual(await sh('pwd -P', { workdir: '/link' }), ['/deep'])
    mkdirSync(join(root, 'closed'), { mode: 0o700 })
    assert.deepEqual(await sh('echo here', { workdir: '/closed', user: carol }), ['here'])
  })

  promise('a script of the command can be executed, by any user, and is gone afterwards', async ({ tree, exec }) => {
    const before = tree()
    const kept = walled && hasMounts(maker) ? 'echo x 2>/dev/null >> "$0" || echo kept\n' : 'echo kept\n'
    const scripts = [
      { path: '/dev/pipes/EOF', content: `#!/bin/sh\necho "$0 runs"\n${kept}` },
      { path: '/dev/pipes/OTHER', content: '#!/bin/cat\n' },
    ]
    for (const user of [rootUser, carol]) {
      const { outcome, stdout } = await exec(['/dev/pipes/EOF'], { user, scripts })
      assert.deepEqual([outcome, stdout], [{ exitCode: 0 }, ['/dev/pipes/EOF runs', 'kept']])
    }
    assert.deepEqual((await exec(['/dev/pipes/OTHER'], { scripts })).stdout, ['#!/bin/cat'])
    assert.equal((await exec(['test', '-e', '/dev/pipes'])).outcome.exitCode, 1)
    const outside = [{ path: '/dev/pipes/../../out', content: '' }]
    await assert.rejects(exec(['true'], { scripts: outside }), /isolated|is not in/)
    assert.deepEqual(tree(), before)
  })

  promise('signals have their default meaning, and the soft limit of open files is the usual one', async (bench) => {
    const status = await bench.processFile('status', /^Sig(Blk|Ign):/)
    assert.deepEqual(status, [`SigBlk: ${'0'.repeat(16)}`, `SigIgn: ${'0'.repeat(16)}`])
    assert.deepEqual(await bench.sh('ulimit -n'), ['1024'])
    assert.deepEqual(await bench.sh('yes | head -n 1'), ['y'], 'and nothing about a broken pipe')
  })

  promise('a command has a session of its own, without the group of what started it', async ({ processFile }) => {
    const [own, , , , group, session] = (await processFile('stat', /^/)).join().split(' ')
    assert.deepEqual([group, session], [own, own])
  })
}

function identities(promise: Promising): void {
  promise('a user has uid, gid and groups, no capability and no way back', async ({ root, sh, processFile }) => {
    assert.deepEqual(await sh('id', { user: carol }), ['uid=1234 gid=77 groups=77,78,79'])
    const status = await processFile('status', /^(Uid|Gid|Cap(Inh|Prm|Eff|Amb)):/, carol)
    const values = status.map((line) => line.trim().split(/\s+/).slice(1).join(' '))
    const none = '0'.repeat(16)
    assert.deepEqual(values, ['1234 1234 1234 1234', '77 77 77 77', none, none, none, none])
    assert.deepEqual(await sh('chown 0 /tmp 2>/dev/null || echo refused', { user: carol }), ['refused'])
    await sh('echo x > /tmp/mine', { user: carol })
    const { uid, gid } = lstatSync(join(root, 'tmp/mine'))
    assert.deepEqual({ uid, gid }, { uid: 1234, gid: 77 })
  })

  promise('users of the image have their names', async ({ root, sh }) => {
    writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0::/root:/bin/sh\ndave:x:500:501::/home/dave:/bin/sh\n')
    writeFileSync(join(root, 'etc/group'), 'root:x:0:\ndave:x:501:\nteam:x:600:dave\n')
    const user = resolveUser(root, 'dave')
    assert.deepEqual(await sh('id', { user }), ['uid=500(dave) gid=501(dave) groups=501(dave),600(team)'])
  })

  promise('a setuid program makes a user root', async ({ sh }) => {
    await sh('mkdir /own && cp /bin/busybox /own/su && chmod 4755 /own/su && echo root::0:0::/:/bin/sh > /etc/passwd')
    assert.deepEqual(await sh("/own/su -c 'id -u'", { user: carol }), ['0'])
  })
}

function walls(promise: Promising): void {
  promise('root has the capabilities that Docker gives, and no more', async ({ processFile }) => {
    const status = await processFile('status', /^(Cap|NoNewPrivs)/)
    const [docker, none] = ['00000000a80425fb', '0'.repeat(16)]
    const expected = { CapInh: none, CapPrm: docker, CapEff: docker, CapBnd: docker, CapAmb: none, NoNewPrivs: '0' }
    assert.deepEqual(
      status,
      Object.entries(expected).map(([name, value]) => `${name}: ${value}`),
    )
  })

  promise('commands in different roots run side by side', async ({ root, sh, newDirectory }) => {
    const other = newDirectory('busybox')
    const meet = 'until test -e /go; do usleep 10000; done; echo "$0"'
    const both = [sh(`${meet}; touch /one`), sh(`${meet}; touch /two`, { root: other, user: rootUser })]
    await sleep(20)
    for (const place of [root, other]) writeFileSync(join(place, 'go'), '')
    assert.deepEqual(await Promise.all(both), [['sh'], ['sh']])
    assert.deepEqual([existsSync(join(root, 'one')), existsSync(join(root, 'two'))], [true, false])
    assert.deepEqual([existsSync(join(other, 'one')), existsSync(join(other, 'two'))], [false, true])
  })

  promise('the root is "/", and nothing else of the machine is there', async ({ root, sh, newDirectory }) => {
    const outside = newDirectory('empty')
    writeFileSync(join(outside, 'secret'), 'of the machine')
    writeFileSync(join(root, 'marker'), 'inside\n')
    const script = `cat /marker; test ! -e ${outside} && test ! -e /../../../..${outside} && ls -A / | wc -l`
    assert.deepEqual(await sh(script), ['inside', String(fs.readdirSync(root).length)])
    symlinkSync(join(outside, 'secret'), join(root, 'link'))
    assert.deepEqual(await sh('cat /link 2>/dev/null || echo nothing'), ['nothing'])
  })

  promise('mounts are not seen outside while the command runs', async ({ root, exec }) => {
    const before = readFileSync('/proc/self/mountinfo', 'utf8')
    let during = ''
    const onLine = (): void => {
      during = readFileSync('/proc/self/mountinfo', 'utf8')
      writeFileSync(join(root, 'seen'), '')
    }
    await exec(['sh', '-c', 'echo running; until test -e /seen; do usleep 10000; done'], { onLine })
    assert.deepEqual([during, readFileSync('/proc/self/mountinfo', 'utf8')], [before, before])
  })
}

/** Walls that are made of mounts. */
function mountedWalls(promise: Promising, { lacks = [] }: IsolationMaker): void {
  promise('nothing but the known places is mounted', async ({ sh }) => {
    const places = await sh("cut -d' ' -f5 /proc/self/mountinfo | grep -v -E '^/(proc|sys|dev)(/|$)' | sort")
    assert.deepEqual(places, ['/', '/etc/hosts', '/etc/resolv.conf'])
  })

  promise('root cannot mount, rename the machine, change the kernel or open a disk', async ({ sh }) => {
    const [major, minor] = firstDisk()
    const script = `mkdir -p /mnt; mount -t tmpfs none /mnt 2>/dev/null && echo mounted
umount /proc 2>/dev/null && echo unmounted
hostname other 2>/dev/null && echo renamed
touch /sys/made 2>/dev/null && echo made
( echo 1 > /proc/sys/vm/drop_caches ) 2>/dev/null && echo dropped
for place in /tmp /dev /dev/shm; do
mknod $place/disk b ${major} ${minor} 2>/dev/null || echo refused
head -c 1 $place/disk 2>/dev/null && echo read $place
done; echo end`
    const refusals = lacks.includes('devices') ? ['refused', 'refused', 'refused'] : []
    assert.deepEqual(await sh(script), [...refusals, 'end'])
  })

  promise('other processes cannot be looked into', async ({ sh }) => {
    const script = `for process in /proc/[0-9]*; do
test "$process" = /proc/$$ && continue
for file in environ mem maps; do head -c 1 $process/$file 2>/dev/null && echo read $process/$file; done
for link in root cwd exe fd/3; do readlink $process/$link && echo followed $process/$link; done
ls $process/root/ $process/task/*/root/ 2>/dev/null; done; echo end`
    for (const user of [rootUser, carol]) assert.deepEqual(await sh(script, { user }), ['end'])
  })
}

function ownProcesses(promise: Promising): void {
  promise('only the processes of the command are seen', async ({ sh }) => {
    for (const user of [rootUser, carol]) {
      const [first, own, ...others] = await sh('cd /proc; for pid in [0-9]*; do echo $pid; done', { user })
      assert.deepEqual([first, Number(own) > 1, others], ['1', true, []])
    }
  })

  promise('the first process shrugs off signals', async ({ sh }) => {
    const script =
      'for s in TERM INT HUP USR1 USR2 KILL STOP SEGV; do kill -$s 1 || echo failed; done; usleep 200000; echo here'
    assert.deepEqual(await sh(script), ['here'])
    assert.deepEqual(await sh('kill -USR1 1; usleep 300000; netstat -tln 2>/dev/null | grep -c :9229 || true'), ['0'])
  })
}

function neighbours(promise: Promising): void {
  promise('commands side by side can neither look into each other nor signal each other', async (bench) => {
    const other = bench.newDirectory('busybox')
    writeFileSync(join(other, 'note'), 'canary-1147')
    const waiting = 'echo ready > /ready; until test -e /go; do usleep 10000; done; echo went on'
    const neighbour = bench.sh(waiting, { root: other, env: { PATH: '/bin', NOTE: 'canary-1147' } })
    while (!existsSync(join(other, 'ready'))) await sleep(5)
    const hunt = `{ cat /proc/[0-9]*/environ /proc/[0-9]*/root/note /proc/[0-9]*/cwd/note /proc/[0-9]*/task/*/root/note; } 2>/dev/null | grep -c 'canar[y]'
for process in /proc/[0-9]*; do pid=$(basename $process)
case $pid in $$|$PPID) ;; *) kill -KILL $pid 2>/dev/null && echo killed $pid;; esac; done; echo end`
    try {
      for (const user of [rootUser, carol]) assert.deepEqual(await bench.sh(hunt, { user }), ['0', 'end'])
    } finally {
      writeFileSync(join(other, 'go'), '')
    }
    assert.deepEqual(await neighbour, ['went on'])
  })
}

function surroundings(promise: Promising, maker: IsolationMaker): void {
  promise('/dev has the devices every program needs, and they work', async ({ sh }) => {
    const terminals = hasMounts(maker) ? ' ptmx pts' : ''
    const names = `fd full null${terminals} random shm stderr stdin stdout tty urandom zero`
    assert.deepEqual(await sh('ls /dev'), names.split(' '))
    assert.deepEqual(await sh('find /dev -type f'), [], 'even by what only the directory says')
    const own = hasMounts(maker) ? '; test -c /dev/ptmx; test -d /dev/pts; cat /dev/stdin; ls /dev/fd/ > /dev/null' : ''
    const script = `set -e; echo x > /dev/null; cat /dev/null; head -c 3 /dev/zero | wc -c; head -c 5 /dev/urandom | wc -c
head -c 5 /dev/random | wc -c; ( echo x > /dev/full ) 2>/dev/null || echo full; echo x > /dev/shm/x; cat /dev/shm/x
( : < /dev/tty ) 2>/dev/null || echo none${own}`
    for (const user of [rootUser, carol]) {
      assert.deepEqual(await sh(script, { user }), ['3', '5', '5', 'full', 'x', 'none'])
    }
  })

  promise('the host name is set, and found in /etc/hosts', async ({ sh }) => {
    const [name, ...hosts] = await sh('hostname; grep -w "$(hostname)" /etc/hosts; grep -c localhost /etc/hosts')
    assert.match(name ?? '', /^[\w.-]+$/)
    assert.deepEqual(hosts, [`127.0.0.1\tlocalhost ${name}`, '2'])
    assert.deepEqual(await sh('cat /etc/hosts > /dev/null && cat /etc/resolv.conf > /dev/null', { user: carol }), [])
  })

  promise("/etc/resolv.conf is the machine's, and a change to it does not reach the machine", async (bench) => {
    const machine = readFileSync('/etc/resolv.conf', 'utf8')
    const said = await bench.sh('cat /etc/resolv.conf; echo nameserver 192.0.2.1 >> /etc/resolv.conf')
    assert.equal(said.join('\n'), machine.replace(/\n$/, ''))
    assert.equal(readFileSync('/etc/resolv.conf', 'utf8'), machine)
    assert.deepEqual(await bench.sh('grep -c 192.0.2.1 /etc/resolv.conf || true'), ['0'])
  })
}

/** What the kernel itself puts into the root. */
function mountedSurroundings(promise: Promising): void {
  promise('a pseudo terminal can be opened', async ({ sh }) => {
    for (const user of [rootUser, carol]) {
      assert.deepEqual(await sh('exec 3<>/dev/ptmx; ls /dev/pts', { user }), ['0', 'ptmx'])
    }
  })

  promise('/proc is that of the command, and tells nothing about the machine', async ({ sh }) => {
    const own = 'test -d /sys/kernel && test -r /proc/meminfo && test -e /proc/self/exe && cat /proc/$$/comm; :'
    assert.deepEqual(await sh(own), ['sh'])
    assert.deepEqual(await sh('cat /proc/keys /proc/timer_list | wc -c; ls /sys/firmware | wc -l'), ['0', '0'])
  })

  promise('the limits of memory and processors can be read, and not changed', async ({ sh }) => {
    const script = 'test -r /sys/fs/cgroup/cgroup.controllers && ! mkdir /sys/fs/cgroup/own 2>/dev/null'
    assert.deepEqual(await sh(`${script} && cut -d: -f3 /proc/self/cgroup | sort -u`), ['/'])
  })
}

function streams(promise: Promising, maker: IsolationMaker): void {
  const { child } = maker
  promise('standard input is at its end', async ({ exec, sh }) => {
    assert.deepEqual((await exec(['cat'])).stdout, [])
    assert.deepEqual(await sh('read line || echo end'), ['end'])
  })

  promise('no descriptor but the standard three is open, whatever the executor was started with', async ({ root }) => {
    const script =
      'for fd in $(seq 0 99); do ( exec <&$fd ) 2> /dev/null && open="$open $fd"; done; test "$open" = " 0 1 2"'
    const inherited = fs.openSync('/etc/passwd', 'r')
    const stdio = ['ignore', 'pipe', 'inherit', inherited, inherited, inherited] as const
    const executor = spawn(process.execPath, [child, root, script], { stdio: [...stdio] })
    fs.closeSync(inherited)
    const report: ChildReport = JSON.parse(await text(executor.stdout as Readable))
    assert.deepEqual(report.outcome, { exitCode: 0 })
  })

  promise('both output streams can be opened again, by root and by others', async ({ exec }) => {
    const [fd, proc] = hasMounts(maker) ? ['/dev/fd/1', '/proc/self/fd/2'] : ['/dev/stdout', '/dev/stderr']
    const script = `echo out > /dev/stdout; echo err > /dev/stderr; echo fd > ${fd}; echo proc > ${proc}`
    for (const user of [rootUser, carol]) {
      const { outcome, stdout, stderr } = await exec(['sh', '-c', `${script}; test -p /dev/stdout`], { user })
      assert.deepEqual([outcome, stdout, stderr], [{ exitCode: 0 }, ['out', 'fd'], ['err', 'proc']])
    }
  })

  promise(
    'lines come while the command runs, each from its stream, the last without an end',
    async ({ root, exec }) => {
      const seen: string[] = []
      const onLine = (stream: OutputStream, line: string): void => {
        seen.push(`${stream} ${line}`)
        if (line === 'first') writeFileSync(join(root, 'go'), '')
      }
      const script = "echo first; until test -e /go; do usleep 10000; done; printf 'a\\nb' >&2"
      assert.deepEqual((await exec(['sh', '-c', script], { onLine })).outcome, { exitCode: 0 })
      assert.deepEqual(seen, ['stdout first', 'stderr a', 'stderr b'])
    },
  )

  promise('all output is there when the command has ended, however much', async ({ exec }) => {
    const { stdout, stderr } = await exec(['sh', '-c', 'seq 200000 & seq 200000 >&2; wait'])
    const numbers = Array.from({ length: 200_000 }, (_, i) => String(i + 1))
    assert.deepEqual([stdout, stderr], [numbers, numbers])
  })

  promise('hundreds of megabytes of output need no memory', async ({ root }) => {
    const script = 'yes a line of output that is repeated | head -c 200m; head -c 100m /dev/zero'
    const report: ChildReport = JSON.parse(await run(process.execPath, [child, root, script]))
    assert.equal(report.characters + report.lines >= 300 << 20, true, JSON.stringify(report))
    assert.ok(report.maxRSS < 300 << 10, `${report.maxRSS} KiB`)
  })
}

function endings(promise: Promising, { child }: IsolationMaker): void {
  promise('what a command leaves behind is gone when run returns, and does not delay it', async ({ exec }) => {
    const seconds = uniqueSeconds()
    const script = `sleep ${seconds} & setsid sh -c 'touch /tmp/2; exec sleep ${seconds}' &
(trap '' TERM HUP; exec setsid sh -c 'touch /tmp/3; exec sleep ${seconds}') &
until test -e /tmp/2 && test -e /tmp/3; do usleep 10000; done; echo started`
    const { outcome, stdout } = await exec(['sh', '-c', script])
    assert.deepEqual([outcome, stdout], [{ exitCode: 0 }, ['started']])
    assert.deepEqual(processesWith(seconds), [])
  })

  promise('orphans are buried while the command goes on', async ({ sh }) => {
    const script = `pid=$( (sh -c 'echo $$; exec usleep 50000' > /tmp/pid &) ; until test -s /tmp/pid; do :; done; cat /tmp/pid)
while kill -0 $pid 2>/dev/null; do usleep 20000; done; echo buried`
    assert.deepEqual(await sh(script), ['buried'])
  })

  promise('an abort kills everything and throws its reason', async ({ tree, exec }) => {
    const seconds = uniqueSeconds()
    const controller = new AbortController()
    const reason = new Error('stop now')
    const onLine = (_: OutputStream, line: string): void => {
      if (line === 'ready') controller.abort(reason)
    }
    const before = tree()
    const script = `trap '' TERM INT HUP; setsid sleep ${seconds} & echo ready; sleep ${seconds}`
    await assert.rejects(exec(['sh', '-c', script], { signal: controller.signal, onLine }), reason)
    assert.deepEqual(processesWith(seconds), [])
    assert.deepEqual(tree(), before)
  })

  promise('an abort that came before starts nothing', async ({ root, exec }) => {
    const signal = AbortSignal.abort(new Error('too late'))
    await assert.rejects(exec(['touch', '/started'], { signal }), /too late/)
    assert.equal(existsSync(join(root, 'started')), false)
  })

  promise('everything dies with the program that runs it', async ({ root }) => {
    const seconds = uniqueSeconds()
    const script = `trap '' TERM INT HUP; setsid sleep ${seconds} & sleep ${seconds}`
    const executor = spawn(process.execPath, [child, root, script], { stdio: ['ignore', 'ignore', 'inherit'] })
    while (processesWith(seconds).length < 2) {
      assert.equal(executor.exitCode, null, 'it runs until it is killed')
      await sleep(20)
    }
    executor.kill('SIGKILL')
    await once(executor, 'exit')
    for (let tries = 0; tries < 250 && processesWith(seconds).length > 0; tries += 1) await sleep(20)
    assert.deepEqual(processesWith(seconds), [])
  })
}

function traces(promise: Promising): void {
  promise('a command that changes nothing leaves no trace', async ({ tree, sh }) => {
    const before = tree()
    await sh('true')
    assert.deepEqual(tree(), before)
  })
}

function mountPoints(promise: Promising, maker: IsolationMaker): void {
  const kernelViews = hasMounts(maker) ? 'test -e /proc/self && test -d /sys/kernel' : 'test -d /proc && test -d /sys'

  promise('mount points that were missing are missing afterwards', async ({ root, sh }) => {
    for (const name of ['proc', 'dev', 'sys', 'etc']) rmSync(join(root, name), { recursive: true })
    const before = treeOf(root)
    assert.deepEqual(await sh(`${kernelViews} && test -c /dev/null && ls /etc`), ['hosts', 'resolv.conf'])
    assert.deepEqual(treeOf(root), before)
  })

  promise("the root's own hosts, resolv.conf and /dev come out as they were", async ({ root, sh }) => {
    for (const name of ['etc/hosts', 'etc/resolv.conf', 'dev/own', 'proc/own', 'sys/own']) {
      writeFileSync(join(root, name), `own ${name}`)
    }
    const before = treeOf(root)
    const script = `echo changed > /etc/hosts; echo changed >> /etc/resolv.conf; touch /dev/foo /dev/shm/foo
${hasMounts(maker) ? 'rm -f /etc/hosts 2>/dev/null; mv' : 'cp'} /bin/sh /etc/hosts 2>/dev/null; rm -rf /dev/null 2>/dev/null; test ! -e /dev/own`
    await sh(script)
    assert.deepEqual(treeOf(root), before)
  })

  promise('what a command makes next to a mount point stays, with its time', async ({ root, sh }) => {
    for (const name of ['etc', 'proc']) rmSync(join(root, name), { recursive: true })
    await sh('echo x > /etc/own; touch -d @1000000000 /etc')
    assert.deepEqual(fs.readdirSync(join(root, 'etc')), ['own'])
    assert.equal(lstatSync(join(root, 'etc')).mtimeMs, 1e12)
    await sh('mv /etc /moved; mkdir /etc; echo mine > /etc/hosts')
    assert.deepEqual(fs.readdirSync(join(root, 'moved')), ['own'])
    assert.deepEqual(fs.readdirSync(join(root, 'etc')), ['hosts'])
    assert.equal(readFileSync(join(root, 'etc/hosts'), 'utf8'), 'mine\n')
  })

  promise('a failing command leaves no trace either', async ({ root, exec }) => {
    for (const name of ['proc', 'etc']) rmSync(join(root, name), { recursive: true })
    const before = treeOf(root)
    assert.equal((await exec(['false'])).outcome.exitCode, 1)
    assert.equal((await exec(['missing'])).outcome.exitCode, 127)
    assert.deepEqual(treeOf(root), before)
  })
}

function strangeRoots(promise: Promising, maker: IsolationMaker): void {
  promise('symlinks at mount points are followed inside the root only', async ({ root, sh, newDirectory }) => {
    const outside = newDirectory('empty')
    for (const name of ['resolv.conf', 'hosts']) writeFileSync(join(outside, name), 'of the machine')
    const outsideBefore = treeOf(outside)
    symlinkSync(join(outside, 'resolv.conf'), join(root, 'etc/resolv.conf'))
    symlinkSync(`../../../../../../../..${outside}/hosts`, join(root, 'etc/hosts'))
    const before = treeOf(root)
    await sh('grep -q localhost /etc/hosts && echo x >> /etc/resolv.conf')
    assert.deepEqual(treeOf(outside), outsideBefore)
    assert.deepEqual(treeOf(root), before)
  })

  promise('a resolv.conf that points into a directory yet to be made works', async ({ root, sh }) => {
    symlinkSync('../run/systemd/resolve/stub-resolv.conf', join(root, 'etc/resolv.conf'))
    const before = treeOf(root)
    await sh('test -f /etc/resolv.conf && test -f /run/systemd/resolve/stub-resolv.conf')
    assert.deepEqual(treeOf(root), before)
  })

  promise('/etc, /dev, /proc and /sys may be symlinks', async ({ root, sh, newDirectory }) => {
    const outside = newDirectory('empty')
    fs.renameSync(join(root, 'etc'), join(root, 'usr/etc'))
    symlinkSync('usr/etc', join(root, 'etc'))
    for (const name of ['dev', 'proc', 'sys']) {
      rmSync(join(root, name), { recursive: true })
      symlinkSync(join(outside, name), join(root, name))
    }
    const before = treeOf(root)
    const kernelViews = hasMounts(maker) ? ' && test -e /proc/self && test -d /sys/kernel' : ''
    await sh(`grep -q localhost /usr/etc/hosts && test -c /dev/null${kernelViews}`)
    assert.deepEqual(treeOf(root), before)
    assert.deepEqual(fs.readdirSync(outside), [])
  })

  promise('a directory where a file must be, or the reverse, is a clear error', async ({ root, exec }) => {
    mkdirSync(join(root, 'etc/hosts'))
    const before = treeOf(root)
    await assert.rejects(exec(['true']), { code: 'run-unavailable', message: /\/etc\/hosts/, why: /\/etc\/hosts/ })
    fs.rmdirSync(join(root, 'etc/hosts'))
    rmSync(join(root, 'dev'), { recursive: true })
    writeFileSync(join(root, 'dev'), '')
    await assert.rejects(exec(['true']), { code: 'run-unavailable', message: /\/dev/, why: /\/dev/ })
    assert.equal(before.length, treeOf(root).length + 1)
  })

  promise('a root with one static program is enough', async ({ newDirectory, exec }) => {
    const root = newDirectory('empty')
    fs.copyFileSync('/bin/busybox', join(root, 'busybox'))
    const before = treeOf(root)
    const { outcome, stdout } = await exec(['/busybox', 'echo', 'hello'], { root, env: {} })
    assert.deepEqual([outcome, stdout], [{ exitCode: 0 }, ['hello']])
    assert.deepEqual(treeOf(root), before)
  })
}

/** Numbers of a disk that this machine really has. */
function firstDisk(): readonly [major: string, minor: string] {
  const line = readFileSync('/proc/partitions', 'utf8').split('\n')[2] ?? ''
  const [major, minor] = line.trim().split(/\s+/)
  if (major === undefined || minor === undefined) throw new Error('this machine has no disk to try')
  return [major, minor]
}
