import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { canConfineProcesses } from '../../src/sys/landlock.ts'
import { run, succeeded, tryRun } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { executorPath } from '../support/dist.ts'
import { canary, hunt } from '../support/hunt.ts'
import { addDebian, openScene } from '../support/scene.ts'

// What a command can find of the build and the machine where hearth is root; user-namespace.test.ts has the other tier.

const scene = await openScene()
const secret = canary.join('')
const debian = await addDebian(scene)

test('a command finds nothing of the credentials, the cache, the token and the environment', async () => {
  const [docker, cache, token] = [scene.newDirectory(), scene.newDirectory(), scene.newDirectory()]
  const auths = { 'registry.example': { auth: Buffer.from(`user:${secret}`).toString('base64') } }
  writeFileSync(join(docker, 'config.json'), JSON.stringify({ auths, note: secret }))
  for (const place of [cache, token]) writeFileSync(join(place, 'token'), secret)
  const check = 'cat /tmp/found >&2; test ! -s /tmp/found && rm /tmp/found'
  const dockerfile = `FROM ${debian}
COPY hunt.sh /hunt.sh
RUN sh /hunt.sh > /tmp/found; ${check} && test "$(wc -l < /tmp/depths)" = 2 && rm /tmp/depths
USER 1000
RUN sh /hunt.sh > /tmp/found; ${check}
`
  const place = '/run/secrets/kubernetes.io/serviceaccount'
  const mounts = `mount -t tmpfs none /run; mkdir -p ${place}; mount --bind '${token}' ${place}; exec "$@"`
  const context = makeContext(scene.directory, { Dockerfile: dockerfile, 'hunt.sh': hunt })
  const args = ['--context', context, '--no-push', '--isolation=namespaces', '--cache', '--cache-dir', cache]
  const executor = [process.execPath, executorPath, ...args]
  const env = { PATH: process.env.PATH ?? '', DOCKER_CONFIG: docker, SECRET: secret }
  const inside = ['--mount', '--propagation', 'private', 'sh', '-euc', mounts, 'sh', ...executor]
  succeeded(await tryRun('unshare', inside, { env }), executor)
})

test('sockets without a path, key rings, other processes and the old root are out of reach', async () => {
  const outside = scene.newDirectory()
  const socket = `hearth-test-${process.pid}`
  const server = createServer((connection) => connection.end()).listen(`\0${socket}`)
  after(() => server.close())
  const [addKey, keyctl, ptrace] = process.arch === 'arm64' ? [217, 219, 117] : [248, 250, 101]
  const reach = `use Socket; my ($type, $name) = ("user", "hearth-test");
socket(S, PF_UNIX, SOCK_STREAM, 0); print "socket\\n" if connect(S, pack("Sa*", AF_UNIX, "\\0${socket}"));
print "key\\n" if syscall(${keyctl}, 10, -3, $type, $name, 0) > 0;
for (glob "/proc/[0-9]*") { my ($pid) = /(\\d+)/; next if $pid == $$ || $pid == getppid; print "traced $_\\n" if syscall(${ptrace}, 16, $pid, 0, 0) == 0 }
opendir D, "/"; mkdir "/x"; chroot "/x" and chdir D; chdir ".." for 1 .. 99; chroot ".";
print "root\\n" if -e "${outside}"; chdir "/"; rmdir "x";
`
  const dockerfile = `FROM ${debian}
COPY reach.pl /reach.pl
RUN perl /reach.pl > /tmp/found; cat /tmp/found >&2; test ! -s /tmp/found
`
  // A session of its own, with a key.
  const session = `my @key = ("user", "hearth-test", "secret"); syscall(${keyctl}, 1, 0);
syscall(${addKey}, @key, 6, -3) > 0 or die; exec @ARGV`
  const context = makeContext(scene.directory, { Dockerfile: dockerfile, 'reach.pl': reach })
  const control = await run('perl', ['-e', session, 'perl', '-e', reach.replace(/^for.*/ms, '')])
  assert.equal(control, 'socket\nkey\n')
  const args = ['--context', context, '--no-push', '--isolation=namespaces']
  const executor = [process.execPath, executorPath, ...args]
  const built = await tryRun('perl', ['-e', session, ...executor])
  if (canConfineProcesses()) succeeded(built, executor)
  else assert.match(built.stderr, /\| socket\n(?!.*\| )/s)
})
