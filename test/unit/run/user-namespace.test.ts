import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeBusyboxRoot } from '../../../examples/quickstart/busybox-root.ts'
import { canConfineProcesses } from '../../../src/sys/landlock.ts'
import { type CommandResult, tryRun } from '../../support/command.ts'
import { checkout } from '../../support/dist.ts'
import { canary, hunt } from '../../support/hunt.ts'
import { type InPlaceImage, makeInPlaceImage, sourceDirectory } from '../../support/in-place-image.ts'
import { makeHome, runAsUser } from '../../support/ordinary-user.ts'
import { processesWith } from '../../support/processes.ts'
import { temporaryDirectory } from '../../support/temp.ts'

// In containers of an image that has hearth's /kaniko: with Docker's rules, with the rules of podman, and without any.

const directory = temporaryDirectory({ after })
const home = makeHome(directory)
const children = `${sourceDirectory}/test/unit/run/children`
const node = '/kaniko/bin/node'
const enter = [node, `${children}/enter-user-namespace.ts`]
const noRules = ['--security-opt', 'seccomp=unconfined']
const podmanRules = ['--security-opt', 'seccomp=/usr/share/containers/seccomp.json']
/** Under these the machine keeps the container's name. */
const named = ['--hostname', 'container']

const made: { image?: InPlaceImage } = {}
before(async () => {
  made.image = await makeInPlaceImage(directory)
})

async function runInContainer(command: readonly string[], flags: readonly string[] = []): Promise<CommandResult> {
  assert.ok(made.image !== undefined)
  return made.image.run(command, flags)
}

/** Runs a program in the image with the machine's files and programs that tests need, by hearth's busybox. */
function withApplets(command: readonly string[]): readonly string[] {
  const busybox = '/kaniko/bin/busybox'
  const script = `b=${busybox}; $b mkdir -p /applets /etc /bin; $b --install -s /applets; $b rm /applets/rm
printf '#!${busybox} sh\\nexec ${busybox} rm -rf "$4"\\n' > /applets/rm; $b chmod 755 /applets/rm
$b cp $b /bin/busybox; echo root:x:0:0::/:/bin/sh > /etc/passwd; echo nameserver 192.0.2.53 > /etc/resolv.conf
PATH=/applets; "$@"; exit $?`
  return [busybox, 'sh', '-c', script, 'sh', ...command]
}

/** Runs a shell script as a command in a busybox root, in a user namespace. Other arguments of hearth's process follow. */
function inRoot(script: string, more: readonly string[] = []): readonly string[] {
  const make = `mkdir /r && cp -r /bin /r
for a in sh cat find grep tr true cp basename usleep; do ln -s busybox /r/bin/$a; done; exec "$0" "$@"`
  const command = [node, `${children}/run-script.ts`, '/r', script, ...more]
  return withApplets(['sh', '-c', make, ...enter, ...command])
}

for (const [rules, flags] of [
  ['without seccomp', noRules],
  ["with podman's rules", [...podmanRules, ...named]],
] as const) {
  test(`every promise is kept in a container ${rules}`, async () => {
    const suite = [node, '--test-reporter=tap', `${children}/user-namespace-suite.ts`, '/kaniko/bin/busybox', 'shared']
    assertSuite(await runInContainer(withApplets([...enter, ...suite]), flags))
  })
}

test("every promise of a chroot is kept in a container with Docker's rules, on its own root filesystem", async () => {
  const suite = [node, '--test-reporter=tap', `${children}/chroot-suite.ts`, '/kaniko/bin/busybox']
  // Docker and clusters grant these by themselves, podman does not.
  assertSuite(await runInContainer(withApplets(suite), ['--cap-add=MKNOD,SYS_CHROOT,NET_RAW,AUDIT_WRITE']), 40)
})

test('every promise is kept for an ordinary user with subordinate ids, with processes of its own', async () => {
  const suite = ['--test-reporter=tap', ownChild('user-namespace-suite.ts'), '/bin/busybox']
  assertSuite(
    await runAsUser(home, [process.execPath, ownChild('enter-user-namespace.ts'), process.execPath, ...suite]),
  )
})

test('an ordinary user without subordinate ids is told how to get some', async () => {
  const ran = await runAsUser(home, [process.execPath, ownChild('tell-isolation.ts'), 'userns', 'false'], {
    subordinateIds: '',
  })
  const { error } = JSON.parse(ran.stdout) as { readonly error: Readonly<Record<string, string>> }
  assert.match(error.why ?? '', /subuid has no ids for eve/)
  assert.match(error.fix ?? '', /usermod --add-subuids .* eve/)
})

test('the best tier is chosen by trying, and the reason names what failed', async () => {
  const tell = async (requested: string, flags: readonly string[], allowed = 'true'): Promise<Told> => {
    const ran = await runInContainer([node, `${children}/tell-isolation.ts`, requested, allowed], flags)
    assert.equal(ran.code, 0, ran.stderr)
    return JSON.parse(ran.stdout)
  }
  const docker = await tell('auto', [])
  assert.equal(docker.tier, 'in-place')
  assert.match(docker.reason ?? '', /not overlay, namespaces: EPERM: unshare.*; not userns: .*not permitted/)
  const refused = await tell('auto', [], 'false')
  assert.equal(refused.error?.code, 'run-unavailable')
  for (const rules of [noRules, podmanRules]) {
    const free = await tell('auto', rules)
    assert.equal(free.tier, 'userns')
    assert.match(free.reason ?? '', /not overlay, namespaces: EPERM: unshare/)
  }
  assert.equal((await tell('auto', [...noRules, '--security-opt', 'no-new-privileges'])).tier, 'userns')
  const few = await tell('userns', [...noRules, '--cap-drop=SETFCAP'])
  assert.match(few.error?.why ?? '', /EPERM: write failed for its uid_map.*CAP_SETFCAP/)
  // The container's root filesystem is an overlay itself, and takes no further one.
  assert.equal((await tell('auto', [...noRules, '--cap-add=SYS_ADMIN'])).tier, 'namespaces')
})

test('a command finds nothing of the credentials, the cache, the token and the environment of its container', async () => {
  const secret = canary.join('')
  const [docker, cache, token] = ['docker', 'cache', 'token'].map((name) => join(directory, name)) as [
    string,
    string,
    string,
  ]
  for (const place of [docker, cache, token]) mkdirSync(place)
  writeFileSync(join(docker, 'config.json'), JSON.stringify({ auths: {}, note: secret }))
  for (const place of [cache, token]) writeFileSync(join(place, 'token'), secret)
  const root = join(directory, 'busybox')
  makeBusyboxRoot(root)
  writeFileSync(join(root, 'hunt.sh'), hunt)
  const check = 'cat /tmp/found >&2; test ! -s /tmp/found && rm /tmp/found'
  const dockerfile = `FROM scratch
COPY . /
ENV PATH=/bin
RUN sh /hunt.sh > /tmp/found; ${check} && test "$(wc -l < /tmp/depths)" = 2 && rm /tmp/depths
USER 1000
RUN sh /hunt.sh > /tmp/found; ${check}
`
  writeFileSync(join(directory, 'Dockerfile'), dockerfile)
  const flags = [
    ...noRules,
    ...['--volume', `${docker}:/kaniko/.docker`, '--volume', `${cache}:/cache`],
    ...['--volume', `${token}:/var/run/secrets/kubernetes.io/serviceaccount:ro`, '--volume', `${root}:/context:ro`],
    ...['--volume', `${directory}/Dockerfile:/Dockerfile:ro`, '--env', `CANARY=${secret}`],
  ]
  const open = await runInContainer(withApplets(['setsid', 'sh', '/context/hunt.sh', 'deeper']), flags)
  assert.match(open.stdout, /^found in \/proc\/1\/environ$/m, open.stderr)
  assert.match(open.stdout, /^found in \/proc\/1\/root\/kaniko\/.docker\/config.json$/m)
  const args = ['--context', '/context', '--dockerfile', '/Dockerfile', '--no-push', '--cache', '--cache-dir', '/cache']
  const ran = await runInContainer(['/kaniko/executor', ...args], flags)
  assert.equal(ran.code, 0, `${ran.stdout}${ran.stderr}`)
  assert.match(ran.stderr, /isolation: userns/)
})

test('a command that signals all it can does not reach hearth, where the kernel can prevent it', async () => {
  const hunt = `for process in /proc/[0-9]*; do pid=$(basename $process)
case $pid in $$|$PPID) ;; *) kill -0 $pid 2> /dev/null && echo $pid;; esac; done > /reached
kill -TERM -1; kill -TERM 1; usleep 300000`
  const free = await runInContainer(inRoot(`${hunt}; test ! -s /reached`), noRules)
  const expected = canConfineProcesses() ? { exitCode: 0 } : undefined
  assert.deepEqual(free.code === 0 ? JSON.parse(free.stdout).outcome : undefined, expected, free.stderr)
  const profile = join(directory, 'no-landlock.json')
  const names = ['landlock_create_ruleset', 'landlock_restrict_self']
  const syscalls = [{ names, action: 'SCMP_ACT_ERRNO', errnoRet: 1 }]
  writeFileSync(profile, JSON.stringify({ defaultAction: 'SCMP_ACT_ALLOW', syscalls }))
  // Commands can be run there, too.
  const without = ['--security-opt', `seccomp=${profile}`]
  const reaching = hunt.replace(/\nkill -TERM.*/s, '')
  const ran = await runInContainer(inRoot(`${reaching}\ntest -s /reached`), without)
  assert.deepEqual(JSON.parse(ran.stdout).outcome, { exitCode: 0 }, ran.stderr)
})

test('exit codes, arguments, streams and signals go through', async () => {
  const script = 'test "$1" = "a b" && test "$X" = "y z" && cat && exit 7'
  const ran = await tryRun(process.execPath, [ownChild('enter-user-namespace.ts'), 'sh', '-c', script, 'sh', 'a b'], {
    env: { PATH: process.env.PATH ?? '', X: 'y z' },
    input: 'through\n',
  })
  assert.deepEqual([ran.code, ran.stdout, ran.stderr], [7, 'through\n', ''])
  const waiting = 'trap "echo got; exit 3" TERM; echo ready; while :; do sleep 0.1; done'
  const ended = await signalled(waiting, 'SIGTERM')
  assert.deepEqual([ended.code, ended.stdout], [3, 'ready\ngot\n'])
  const killed = await signalled('echo ready; kill -KILL $$', undefined)
  assert.equal(killed.code, 99)
  assert.match(killed.stderr, /run-unavailable: .*SIGKILL/)
})

test('what is in the user namespace does not outlive the program that started it', async () => {
  const word = `follower-${process.pid}`
  const argv = [ownChild('enter-user-namespace.ts'), process.execPath, ownChild('follow-parent.ts'), word]
  const state = { pid: 0 }
  const ran = await tryRun(process.execPath, argv, {
    onStart: (pid) => {
      state.pid = pid
    },
    onOutput: () => process.kill(state.pid, 'SIGKILL'),
  })
  assert.equal(ran.signal, 'SIGKILL', ran.stderr)
  // Its streams were open until it ended, too, but the kernel may still show it.
  for (let tries = 0; tries < 250 && processesWith(word).length > 0; tries += 1) await sleep(20)
  assert.deepEqual(processesWith(word), [])
})

test('the first process of a container buries orphans', async () => {
  const busybox = '/kaniko/bin/busybox'
  const script = `b=${busybox}; ( $b sleep 0.1 & ); $b sleep 1; $b cat /proc/[0-9]*/status | $b grep -c '^State:.Z'`
  const ran = await runInContainer([...enter, busybox, 'sh', '-c', `${script}; true`], noRules)
  assert.deepEqual([ran.code, ran.stdout], [0, '0\n'], ran.stderr)
})

interface Told {
  readonly tier?: string
  readonly reason?: string
  readonly error?: { readonly code: string; readonly why?: string }
}

async function signalled(script: string, signal: NodeJS.Signals | undefined): Promise<CommandResult> {
  const state = { pid: 0 }
  return tryRun(process.execPath, [ownChild('enter-user-namespace.ts'), 'sh', '-c', script], {
    onStart: (pid) => {
      state.pid = pid
    },
    onOutput: (text) => {
      if (text.includes('ready') && signal !== undefined) process.kill(state.pid, signal)
    },
  })
}

function ownChild(name: string): string {
  return join(checkout, 'test/unit/run/children', name)
}

function assertSuite(ran: CommandResult, promises = 45): void {
  const output = `${ran.stdout}${ran.stderr}`
  assert.equal(ran.code, 0, output)
  assert.match(ran.stdout, /^# fail 0$/m, output)
  assert.ok(Number(/^# pass (\d+)$/m.exec(ran.stdout)?.[1]) > promises, output)
}
