import assert from 'node:assert/strict'
import { mkdirSync, readdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { addDebian, type BuiltImage, openScene } from '../support/scene.ts'
import { fileOf, sha256 } from './files.ts'

const scene = await openScene()
const from = `FROM ${scene.busybox}`

test('a bind shows the context without what is ignored, root owns it, and nothing of it is in the image', async () => {
  const files = {
    '.dockerignore': 'secret*\nsub/*.log\n!secret.pub\n',
    'secret.key': 'key',
    'secret.pub': 'public\n',
    'sub/a.log': 'log',
    'sub/a.txt': 'text\n',
  }
  const dockerfile = `${from}
WORKDIR /work
RUN --mount=target=/src cd /src && { find . | sort; stat -c %u:%g sub/a.txt; cat sub/a.txt; } > /seen
RUN --mount=type=bind,source=sub,target=sub,rw cat sub/a.txt >> /seen; echo new > sub/written; rm sub/a.txt; ls sub >> /seen
RUN --mount=source=secret.pub,target=/etc/deep/er/name test -f /etc/deep/er/name && cat /etc/deep/er/name >> /seen
RUN --mount=target=/src ! touch /src/x 2>/dev/null
`
  const context = makeContext(scene.newDirectory(), { ...files, Dockerfile: dockerfile })
  const built = await scene.image({ context })
  const tree = await built.tree()
  const seen = './.dockerignore|./Dockerfile|./secret.pub|./sub|./sub/a.txt|0:0|text|text|written|public'
  assert.equal(fileOf(tree, 'seen').sha256, sha256(`.|${seen}|`.replaceAll('|', '\n')))
  for (const path of ['src', 'work/sub', 'etc/deep']) assert.equal(tree.has(path), false, path)
  assert.deepEqual(readdirSync(join(context, 'sub')), ['a.log', 'a.txt'])
})

test('a bind shows stages and images, and a write to it reaches nobody', async () => {
  const dockerfile = `${from} AS tools
RUN mkdir /tools && echo one > /tools/file && chown 5:6 /tools/file
${from}
RUN --mount=from=tools,source=/tools,target=/t,rw cat /t/file > /seen && stat -c %u:%g /t/file >> /seen && echo x > /t/file
RUN --mount=from=tools,target=/t cat /t/tools/file >> /seen
RUN --mount=from=${scene.busybox},source=bin,target=/other test -x /other/busybox && ls -d /other >> /seen
`
  const tree = await (await scene.image({ dockerfile })).tree()
  assert.equal(fileOf(tree, 'seen').sha256, sha256('one\n5:6\none\n/other\n'))
  assert.deepEqual([tree.has('t'), tree.has('other'), tree.has('tools')], [false, false, false])
})

test('a command whose mounts are all there is to it changes nothing', async () => {
  const dockerfile = `${from}
RUN --mount=target=/a/b --mount=type=cache,target=/root/.cache --mount=type=tmpfs,target=/tmp --mount=type=secret,id=s \\
  --mount=type=cache,target=/home/x/y touch /a/b/../b /tmp/x /root/.cache/x /home/x/y/z 2>/dev/null; cat /run/secrets/s > /tmp/s
`
  const plain = await (await scene.image({ dockerfile: `${from}\nRUN true\n` })).tree()
  const mounted = await (await scene.image({ dockerfile, args: ['--secret', 'id=s,env=S'], env: { S: 'xyz' } })).tree()
  assert.deepEqual([...mounted], [...plain])
})

test('what is mounted decides about the cache by its content, and only that', async () => {
  const dockerfile = `${from}\nRUN --mount=source=in,target=/in cat /in/file > /out\n`
  const cacheDir = join(scene.newDirectory(), 'cache')
  const args = ['--cache', '--cache-dir', cacheDir]
  const context = makeContext(scene.newDirectory(), { Dockerfile: dockerfile, 'in/file': 'one', other: 'x' })
  assert.equal(cacheSummary((await scene.image({ context, args })).result).misses, 1)
  writeFileSync(join(context, 'other'), 'changed')
  assert.equal(cacheSummary((await scene.image({ context, args })).result).local, 1)
  writeFileSync(join(context, 'in/file'), 'two')
  const changed = await scene.image({ context, args })
  assert.equal(cacheSummary(changed.result).misses, 1)
  assert.equal(fileOf(await changed.tree(), 'out').sha256, sha256('two'))
})

test('a cached layer that was made with files of stages is used with those very results of them only', async () => {
  const cacheDir = join(scene.newDirectory(), 'cache')
  const args = ['--cache', '--cache-dir', cacheDir]
  const random = 'head -c 16 /dev/urandom | md5sum'
  const dockerfile = `${from} AS made
RUN ${random} > /random
${from} AS other
RUN ${random} > /random
${from}
RUN --mount=from=other,target=/other --mount=from=made,target=/made cat /made/random /other/random > /out
COPY --from=made /random /made
COPY --from=other /random /other
RUN cat /made /other > /expected
`
  const consistent = async (built: BuiltImage): Promise<void> => {
    const tree = await built.tree()
    assert.equal(fileOf(tree, 'out').sha256, fileOf(tree, 'expected').sha256)
  }
  const first = await scene.image({ dockerfile, args })
  await consistent(first)
  const second = await scene.image({ dockerfile, args })
  assert.deepEqual(cacheSummary(second.result), { local: 4, remote: 0, misses: 0 })
  assert.deepEqual(second.layers, first.layers)
  // One of the stages has to run again: nothing that was made with its old result may be mixed with the new one.
  const entries = join(cacheDir, 'entries')
  const lost = readdirSync(entries).find((name) =>
    /md5sum/.test(JSON.parse(readFileSync(join(entries, name), 'utf8')).text),
  )
  assert.ok(lost !== undefined)
  unlinkSync(join(entries, lost))
  const changed = dockerfile.replace('cat /made', 'true; cat /made')
  await consistent(await scene.image({ dockerfile: changed, args }))
  await consistent(await scene.image({ dockerfile, args }))
})

test('a cache mount lasts from build to build in the cache directory, by its id', async () => {
  const cacheDir = join(scene.newDirectory(), 'cache')
  const args = ['--cache', '--cache-dir', cacheDir]
  const add = (word: string): string => `${from}
RUN --mount=type=cache,target=/var/words,id=words echo ${word} >> /var/words/all; cat /var/words/all > /out
RUN --mount=type=cache,target=/var/words,id=others ls /var/words > /others
`
  await scene.image({ dockerfile: add('one'), args })
  const second = await scene.image({ dockerfile: add('two'), args })
  const tree = await second.tree()
  assert.equal(fileOf(tree, 'out').sha256, sha256('one\ntwo\n'))
  assert.equal(fileOf(tree, 'others').sha256, sha256(''))
  assert.equal(tree.has('var/words'), false)
  const kept = readdirSync(join(cacheDir, 'mounts'))
  assert.equal(kept.length, 2)
  const abouts = kept.map((name) => JSON.parse(readFileSync(join(cacheDir, 'mounts', name, 'about.json'), 'utf8')).id)
  assert.deepEqual(abouts.sort(), ['others', 'words'])
  for (const name of kept) assert.deepEqual(readdirSync(join(cacheDir, 'mounts', name)).sort(), ['0', 'about.json'])
})

test('without a cache a cache mount lasts for the build, which is said once', async () => {
  const mount = '--mount=type=cache,target=/c'
  const dockerfile = `${from}\nRUN ${mount} echo x > /c/file\nRUN ${mount} cat /c/file > /out\n`
  const built = await scene.image({ dockerfile })
  assert.equal(fileOf(await built.tree(), 'out').sha256, sha256('x\n'))
  assert.equal(built.result.stderr.match(/Cache mounts last for this build only: there is no --cache/g)?.length, 1)
})

test('a new cache begins with files of a stage, and has the mode and owner it is given', async () => {
  const dockerfile = `${from} AS seed
RUN mkdir -m 0711 /seed && echo first > /seed/file && chown 7:8 /seed /seed/file
${from}
RUN --mount=type=cache,target=/c,from=seed,source=/seed stat -c '%a %u:%g' /c /c/file > /out; cat /c/file >> /out
RUN --mount=type=cache,target=/d,mode=0750,uid=3,gid=4 stat -c '%a %u:%g' /d >> /out
RUN --mount=type=cache,target=/e,ro ! touch /e/x 2>/dev/null && stat -c '%a %u:%g' /e >> /out
`
  const tree = await (await scene.image({ dockerfile })).tree()
  assert.equal(fileOf(tree, 'out').sha256, sha256('711 7:8\n644 7:8\nfirst\n750 3:4\n755 0:0\n'))
})

test('builds wait for a locked cache, and get another private one', async () => {
  const cacheDir = join(scene.newDirectory(), 'cache')
  const args = ['--cache', '--cache-dir', cacheDir]
  const dockerfile = (sharing: string, word: string): string => `${from}
RUN --mount=type=cache,target=/c,id=${sharing},sharing=${sharing} echo ${word}; n=$(ls /c | wc -l); echo begun > /c/${word}; \\
  sleep 2; echo $n $(ls /c | wc -l) > /out
`
  const both = async (sharing: string): Promise<readonly [counts: string[], said: string]> => {
    const builds = await Promise.all(
      ['a', 'b'].map((word) => scene.image({ dockerfile: dockerfile(sharing, word), args })),
    )
    const trees = await Promise.all(builds.map((built) => built.tree()))
    const possible = ['0 1', '1 2', '0 2']
    const counts = trees.map((tree) => {
      return possible.find((text) => fileOf(tree, 'out').sha256 === sha256(`${text}\n`)) ?? 'another'
    })
    return [counts.sort(), builds.map(({ result }) => result.stderr).join('')]
  }
  const [locked, said] = await both('locked')
  assert.deepEqual(locked, ['0 1', '1 2'])
  assert.match(said, /another build uses the cache locked: waiting for it to end/)
  const [separate] = await both('private')
  assert.ok(
    separate.every((count) => count === '0 1' || count === '1 2'),
    separate.join(),
  )
  // Nothing of the builds keeps others out afterwards.
  for (const name of readdirSync(join(cacheDir, 'mounts'))) {
    assert.deepEqual(
      readdirSync(join(cacheDir, 'mounts', name)).filter((entry) => entry.endsWith('.lock')),
      [],
    )
  }
})

test('secrets are files or variables, and a required one must be given', async () => {
  const directory = scene.newDirectory()
  writeFileSync(join(directory, 'key'), 'from a file\n')
  const dockerfile = `${from}
RUN --mount=type=secret,id=file --mount=type=secret,id=variable,env=TOKEN --mount=type=secret,id=absent,env=ABSENT \\
  test "$(cat /run/secrets/file)" = 'from a file' && test "$TOKEN" = 'from a variable' && test ! -e /run/secrets/variable \\
  && test ! -e /run/secrets/absent && test -z "\${ABSENT+set}" && stat -c '%a %u' /run/secrets/file > /out
USER 1234
RUN --mount=type=secret,id=file,target=/home/key,uid=1234,mode=0600 cat /home/key | wc -c >> /tmp/out
RUN --mount=type=secret,id=file ! cat /run/secrets/file 2>/dev/null
`
  const args = ['--secret', `id=file,src=${join(directory, 'key')}`, '--secret', 'id=variable,env=VALUE']
  const tree = await (await scene.image({ dockerfile, args, env: { VALUE: 'from a variable' } })).tree()
  assert.equal(fileOf(tree, 'out').sha256, sha256('400 0\n'))
  assert.equal(fileOf(tree, 'tmp/out').sha256, sha256('12\n'))
  assert.deepEqual([tree.has('run/secrets'), tree.has('home/key')], [false, false])
  const required = await scene.attempt({
    dockerfile: `${from}\nRUN --mount=type=secret,id=token,required true\n`,
    args: ['--no-push'],
  })
  assert.equal(required.code, 1)
  assert.match(required.stderr, /needs the secret token, which was not given/)
  assert.match(required.stderr, /Dockerfile:2:1\n +2 \| RUN --mount/)
  assert.match(required.stderr, /--secret id=token,src=FILE/)
})

test('a secret is found nowhere afterwards: not in the image, the cache, the log or the work directory', async () => {
  const canary = 'canary-4f2b9c71d0'
  const lines = ['-----BEGIN KEY-----', `${canary}-line-one`, `${canary}-line-two`, '-----END KEY-----']
  const directory = scene.newDirectory()
  writeFileSync(join(directory, 'key'), `${lines.join('\n')}\n`)
  const [cacheDir, workDir] = [join(directory, 'cache'), join(directory, 'work')]
  mkdirSync(workDir)
  const dockerfile = `${from}
RUN --mount=type=secret,id=key --mount=type=secret,id=word,env=WORD cat /run/secrets/key; echo "word: $WORD"; \\
  grep -v / /run/secrets/key >&2; echo done > /out
RUN --mount=type=secret,id=word,env=WORD echo "$WORD" && exit 3
`
  const args = [
    '--cache',
    '--cache-dir',
    cacheDir,
    '--work-dir',
    workDir,
    '--verbosity=trace',
    '--secret',
    `id=key,src=${directory}/key`,
  ]
  const kept = ['--secret', 'id=word,env=WORD', '--no-push', '--oci-layout-path', join(directory, 'layout')]
  const env = { WORD: `${canary}-word` }
  const failing = await scene.attempt({ dockerfile, args: [...args, ...kept], env })
  assert.equal(failing.code, 3)
  const passing = dockerfile.replace(' && exit 3', '')
  const context = makeContext(directory, { Dockerfile: passing })
  const done = await scene.attempt({ context, args: [...args, ...kept, '--log-format=json'], env })
  assert.equal(done.code, 0, done.stderr)
  assert.match(failing.stdout + failing.stderr, /word: \*\*\*/)
  for (const { stdout, stderr } of [failing, done]) assert.doesNotMatch(stdout + stderr, new RegExp(canary))
  const own = new Set([join(directory, 'key')])
  const holders = await filesWith(directory, canary)
  assert.deepEqual(
    holders.filter((path) => !own.has(path)),
    [],
  )
  assert.deepEqual(readdirSync(workDir), [])
})

test('a secret that cannot be read is an error that says nothing of it', async () => {
  const dockerfile = `${from}\nRUN true\n`
  for (const [spec, says] of [
    ['id=a,src=/not/there', /secret a cannot be read.*ENOENT/s],
    ['id=a,env=NOT_SET', /secret a cannot be read.*NOT_SET is not set/s],
    ['src=x', /has no id/],
    ['id=a,colour=red', /no key "colour".*id, src, source, env, type/s],
    ['id=a,type=vault', /"vault" is not a type/],
    ['id=a,src=x,env=Y', /a file and a variable at once/],
  ] as const) {
    const { code, stderr } = await scene.attempt({ dockerfile, args: ['--no-push', '--secret', spec] })
    assert.equal(code, 1, spec)
    assert.match(stderr, says)
  }
})

test('an SSH agent can be reached through its socket, by the user it is for', async () => {
  const debian = await addDebian(scene)
  const path = join(scene.newDirectory(), 'agent')
  const server = createServer((socket) => socket.on('data', (text) => socket.end(`agent heard ${text}`)))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const ask = `perl -MIO::Socket::UNIX -e 'my $s = IO::Socket::UNIX->new(Peer => $ENV{SSH_AUTH_SOCK}) or exit 4; syswrite($s, "me"); print <$s>'`
  const dockerfile = `FROM ${debian}
RUN --mount=type=ssh echo "$SSH_AUTH_SOCK $(${ask})" > /out
RUN --mount=type=ssh,id=other test -z "\${SSH_AUTH_SOCK+set}"
USER nobody
RUN --mount=type=ssh ${ask}; test $? = 4
RUN --mount=type=ssh,uid=65534,target=/tmp/a/socket ${ask} > /tmp/out
`
  try {
    const tree = await (await scene.image({ dockerfile, args: ['--ssh', `default=${path}`] })).tree()
    assert.equal(fileOf(tree, 'out').sha256, sha256('/run/buildkit/ssh_agent.0 agent heard me\n'))
    assert.equal(fileOf(tree, 'tmp/out').sha256, sha256('agent heard me'))
    assert.deepEqual([tree.has('run/buildkit'), tree.has('tmp/a')], [false, false])
    const required = { dockerfile: `${from}\nRUN --mount=type=ssh,required true\n` }
    assert.match(
      (await scene.attempt({ ...required, args: ['--no-push'] })).stderr,
      /needs the SSH agent default.*--ssh/s,
    )
  } finally {
    server.close()
  }
  const key = { dockerfile: `${from}\nRUN true\n`, files: { key: 'k' }, args: ['--no-push', '--ssh', 'default=key'] }
  assert.match((await scene.attempt(key)).stderr, /is no SSH agent.*keys in files need an agent/s)
})

test('a tmpfs is empty, limited and gone, and no network is no network', async () => {
  const dockerfile = `${from}
RUN echo own > /tmp/own
RUN --mount=type=tmpfs,target=/tmp,size=1m ls -A /tmp > /out; dd if=/dev/zero of=/tmp/x bs=1k count=2000 2>/dev/null; \\
  stat -c %s /tmp/x >> /out
RUN --network=none tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ' >> /out
RUN --network=host tail -n +3 /proc/net/dev | grep -vc ' lo:' > /dev/null
`
  const tree = await (await scene.image({ dockerfile })).tree()
  assert.equal(fileOf(tree, 'out').sha256, sha256('1048576\nlo\n'))
  assert.equal(fileOf(tree, 'tmp/own').sha256, sha256('own\n'))
})

test('what no isolation gives is refused by name before anything runs', async () => {
  for (const [option, says] of [
    ['--security=insecure', /--security=insecure cannot be obeyed.*namespaces/s],
    ['--device=vendor.com/gpu=all,required', /--device=vendor.com\/gpu=all cannot be obeyed/],
  ] as const) {
    const dockerfile = `${from}\nRUN echo ran-already\nRUN ${option} true\n`
    const { code, stderr } = await scene.attempt({ dockerfile, args: ['--no-push'] })
    assert.equal(code, 1)
    assert.match(stderr, says)
    assert.match(stderr, /Dockerfile:3:1\n +3 \| RUN --/)
    assert.doesNotMatch(stderr, /\| ran-already/)
  }
})

/** The files below a directory that hold a text, compressed or not. */
async function filesWith(directory: string, text: string): Promise<readonly string[]> {
  const { gunzipSync } = await import('node:zlib')
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return files.flatMap(({ parentPath, name }) => {
    const path = join(parentPath, name)
    const bytes = readFileSync(path)
    const plain = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes
    return plain.includes(text) || bytes.includes(text) ? [path] : []
  })
}
