import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { busyboxConfig, makeBusyboxRoot } from '../../examples/quickstart/busybox-root.ts'
import { writeImageLayout } from '../../examples/quickstart/image-layout.ts'
import type { LayoutImage } from '../support/bases.ts'
import { openInPlaceBuilds } from '../support/in-place-builds.ts'

// The flags that kaniko has because it builds in its container's own root.

const builds = await openInPlaceBuilds({ after }, async (directory) => [await linkedImage(directory)])
const { succeeds, attempt, tree } = builds

/** Something of the machine, to be mounted: the paths of a file and of a directory with one file. */
function machineFiles(): { readonly directory: string; readonly token: string } {
  const directory = mkdtempSync(join(builds.directory, 'machine-'))
  mkdirSync(join(directory, 'secrets'))
  writeFileSync(join(directory, 'secrets/token'), 'a token')
  return { directory, token: join(directory, 'secrets/token') }
}

const stages = `FROM busybox:1 AS first
RUN echo x > /first
FROM busybox:1
COPY --from=first /first /copied
RUN echo y > /second; test ! -e /first
`

/** What a container's own system has beside hearth. */
const system = `mkdir -p /usr/bin /etc/deep /workspace2
echo tool > /usr/bin/tool; busybox chown 5:6 /usr/bin/tool; busybox chmod 4755 /usr/bin/tool
busybox ln -s tool /usr/bin/link; busybox ln /usr/bin/tool /etc/deep/other; busybox mkfifo /etc/pipe; busybox chmod 700 /etc/deep
`

/** A base in which /var/run leads to /run, as it does in most. */
async function linkedImage(directory: string): Promise<LayoutImage> {
  const rootfs = join(directory, 'linked/rootfs')
  makeBusyboxRoot(rootfs)
  mkdirSync(join(rootfs, 'run'))
  mkdirSync(join(rootfs, 'var'), { recursive: true })
  symlinkSync('/run', join(rootfs, 'var/run'))
  const layout = join(directory, 'linked/layout')
  await writeImageLayout({ rootfs, layout, name: 'linked:1', config: busyboxConfig })
  return { layout, name: 'linked:1' }
}

const listing =
  'busybox find /usr /etc /bin -xdev | busybox sort | while read f; do stat -c "%n %f %u:%g %h %Y" "$f"; done'

test('--cleanup leaves nothing of the last stage, so that the next build in the container begins with nothing', async () => {
  const script = 'build --cleanup && ls -A / > /out/after && build --cleanup && ls -A / > /out/again'
  const { out } = await succeeds({ dockerfile: stages, script })
  const left = readFileSync(join(out, 'after'), 'utf8').split('\n').filter(Boolean)
  assert.deepEqual(
    left.filter((name) => !['dev', 'etc', 'proc', 'run', 'sys'].includes(name)),
    ['cache', 'kaniko', 'out', 'workspace'],
  )
  assert.equal(readFileSync(join(out, 'again'), 'utf8'), readFileSync(join(out, 'after'), 'utf8'))
  const without = await succeeds({ dockerfile: stages, script: 'build; ls -A / > /out/after' })
  assert.match(readFileSync(join(without.out, 'after'), 'utf8'), /^second$/m)
})

test('--cleanup cleans up after a failure as well, and the exit code stays', async () => {
  const dockerfile = 'FROM busybox:1\nRUN echo x > /made; exit 42\n'
  const { result, out } = await attempt({
    dockerfile,
    script: 'build; code=$?; ls -A / > /out/after; exit $code',
    flags: ['-e', 'KANIKO_CLEANUP=1'],
  })
  assert.equal(result.code, 42, result.stderr)
  assert.doesNotMatch(readFileSync(join(out, 'after'), 'utf8'), /made|bin/)
})

test('--preserve-context brings back what the root held before, after a failure as well', async () => {
  const script = (build: string): string => `${system}${listing} > /out/before
${build}; code=$?; ${listing} > /out/after; cat /usr/bin/link; exit $code`
  const built = await succeeds({ dockerfile: stages, script: script('build --preserve-context --cleanup') })
  const before = readFileSync(join(built.out, 'before'), 'utf8')
  assert.match(before, /\/usr\/bin\/tool 89ed 5:6 2 /)
  assert.equal(readFileSync(join(built.out, 'after'), 'utf8'), before)
  assert.match(built.result.stdout, /^tool$/m)
  assert.deepEqual(
    [...(await tree(built)).keys()].filter((path) => /tool|deep|workspace2/.test(path)),
    [],
  )
  const failing = 'FROM busybox:1\nRUN rm -rf /usr; exit 42\n'
  const env = ['-e', 'KANIKO_PRESERVE_CONTEXT=true', '-e', 'KANIKO_CLEANUP=true']
  const failed = await attempt({ dockerfile: failing, script: script('build'), flags: env })
  assert.equal(failed.result.code, 42, failed.result.stderr)
  assert.equal(readFileSync(join(failed.out, 'after'), 'utf8'), readFileSync(join(failed.out, 'before'), 'utf8'))
})

test('--preserve-context alone says that only the context stays, which it always does', async () => {
  const script = 'echo x > /mine; build --preserve-context; test ! -e /mine && cat /workspace/file'
  const { result } = await succeeds({
    dockerfile: `${stages}COPY file /file\n`,
    files: { file: 'of the context\n' },
    script,
  })
  assert.match(result.stderr, /--preserve-context without --cleanup/)
  assert.match(result.stdout, /^of the context$/m)
})

test('a stage gets an empty root with --pre-cleanup and without, and that is said', async () => {
  const dockerfile = 'FROM busybox:1\nRUN test ! -e /usr/bin/tool && echo x > /made\n'
  for (const flags of [['--pre-cleanup'], []]) {
    const built = await succeeds({ dockerfile, script: `${system}build ${flags.join(' ')} --verbosity=debug` })
    assert.equal((await tree(built)).has('usr/bin/tool'), false)
    assert.equal(/--pre-cleanup has no effect: a root is always empty/.test(built.result.stderr), flags.length > 0)
  }
})

test('--ignore-path leaves a path and all below it out of layers, and alone between stages', async () => {
  const dockerfile = `FROM busybox:1 AS first
RUN mkdir -p /data/deep /var/log/app && echo x > /data/deep/new && echo x > /data-too && echo x > /var/log/app/a.log && echo x > /var/log/app/a.txt
FROM busybox:1
COPY --from=first /var/log/app/a.txt /copied
RUN test -e /data/deep/new && test -e /data/kept && test ! -e /data-too && rm /data/kept && echo x > /data/deep/newer
RUN echo x > /var/log/b.log && mkdir -p /var/log/app && echo x > /var/log/app/b.log && echo x > /var/log/app/b.txt
`
  const ignored = "'--ignore-path=/data/' '--ignore-path=/var/log/*/?.log'"
  const script = `mkdir /data; echo x > /data/kept; build ${ignored}; code=$?; ls /data/deep > /out/deep; exit $code`
  const built = await succeeds({ dockerfile, script })
  const paths = [...(await tree(built)).keys()].filter((path) => /^data|^var\/log\/./.test(path)).sort()
  assert.deepEqual(paths, ['var/log/app', 'var/log/app/b.txt', 'var/log/b.log'])
  assert.equal(readFileSync(join(built.out, 'deep'), 'utf8'), 'new\nnewer\n')
})

test('caches, outputs and credentials that lie in the root are neither removed nor part of the image', async () => {
  const dockerfile =
    'FROM busybox:1 AS first\nRUN echo x > /mark\nFROM busybox:1\nCOPY --from=first /mark /\nRUN rm /bin/vi\n'
  const script = `mkdir -p /root/.docker; echo '{"auths": {}}' > /root/.docker/config.json
build --cache-repo=oci:/repository --tar-path=/image.tar; code=$?
cat /root/.docker/config.json; ls /repository/index.json /image.tar; exit $code`
  const built = await succeeds({ dockerfile, script, flags: ['-e', 'DOCKER_CONFIG=/root/.docker'] })
  assert.equal(built.result.stdout, '{"auths": {}}\n/image.tar\n/repository/index.json\n')
  const others = [...(await tree(built)).keys()].filter((path) => /^repository|image\.tar|\.docker/.test(path))
  assert.deepEqual(others, [])
})

test('what is mounted below /var/run stays under its name, while /var/run is what the image says', async () => {
  const { directory, token } = machineFiles()
  const flags = ['-v', `${directory}/secrets:/var/run/secrets/kubernetes.io/serviceaccount:ro`]
  const dockerfile = `FROM linked:1 AS first
RUN test "$(cat /var/run/secrets/kubernetes.io/serviceaccount/token)" = 'a token' && test -L /var/run
RUN mkdir /var/run/sshd && ! rm -rf /run/secrets /var/run/secrets 2> /dev/null && test -L /var/run
FROM busybox:1 AS second
COPY --from=first /var/run /first
RUN test -d /var/run/secrets && test ! -L /var/run && test ! -e /run/secrets && test ! -e /first/secrets && echo x > /var/run/mine
FROM linked:1
COPY --from=second /var/run/mine /var/run/copied
RUN test -L /var/run && mkdir /var/run/sshd && echo 1 > /run/pid
`
  const script = `build; code=$?; echo "token: $(cat /var/run/secrets/kubernetes.io/serviceaccount/token)"; exit $code`
  for (const args of [[], ['--cleanup']]) {
    const built = await succeeds({ dockerfile, script: script.replace('build', `build ${args.join(' ')}`), flags })
    assert.match(built.result.stdout, /^token: a token$/m)
    assert.doesNotMatch(built.result.stderr, /WARN/)
    const files = await tree(built)
    const told = [...files]
      .filter(([path]) => /^(?:var\/)?run(?:\/|$)/.test(path))
      .map(([path, { type }]) => `${path} ${type}`)
    assert.deepEqual(told.sort(), [
      'run directory',
      'run/copied file',
      'run/pid file',
      'run/sshd directory',
      'var/run symlink',
    ])
  }
  assert.equal(readFileSync(token, 'utf8'), 'a token')
  assert.deepEqual(readdirSync(join(directory, 'secrets')), ['token'])
})

test('--ignore-var-run leaves all of /var/run out while something is mounted in it', async () => {
  const flags = ['-v', `${machineFiles().directory}/secrets:/var/run/secrets/tokens`]
  const dockerfile = 'FROM linked:1\nRUN test ! -L /var/run && mkdir /var/run/sshd /run/other\n'
  for (const [args, told] of [
    [['--ignore-var-run'], ['run/other']],
    [['--whitelist-var-run'], ['run/other']],
  ] as const) {
    const files = await tree(await succeeds({ dockerfile, flags, args }))
    assert.deepEqual(
      [...files.keys()].filter((path) => /run\/(?:sshd|other)$/.test(path)),
      told,
    )
    assert.equal(files.get('var/run')?.type, 'symlink')
  }
  const image = dockerfile.replace('! -L', '-L')
  const files = await tree(await succeeds({ dockerfile: image, flags, args: ['--ignore-var-run=false'] }))
  assert.deepEqual(
    [...files.keys()].filter((path) => /run\/(?:sshd|other)$/.test(path)),
    ['run/other', 'run/sshd'],
  )
})

test('--kaniko-dir is where the work is done, and stays between stages with the credentials in it', async () => {
  const dockerfile =
    'FROM busybox:1\nRUN ls -d /big/*/hearth-* > /seen; cat /big/kaniko/.docker/config.json > /config\nFROM busybox:1\nCOPY --from=0 /seen /config /\nRUN true\n'
  for (const [args, flags] of [
    [['--kaniko-dir=/big/kaniko'], []],
    [[], ['-e', 'KANIKO_DIR=/big/kaniko']],
  ] as const) {
    const config = '{"auths": {"registry.test": {"auth": "broken"}}}'
    const script = `mkdir -p /big/kaniko/.docker; echo '${config}' > /big/kaniko/.docker/config.json
build ${args.join(' ')}; code=$?; ls -A /big/kaniko; exit $code`
    const built = await attempt({ dockerfile, script, flags })
    assert.equal(built.result.code, 1)
    assert.match(built.result.stderr, /\/big\/kaniko\/\.docker\/config\.json/)
    const good = await succeeds({ dockerfile, script: script.replace('broken', 'dTpw'), flags })
    const files = await tree(good)
    assert.ok((files.get('seen')?.size ?? 0) > 10)
    assert.equal(files.has('big'), false)
    assert.equal(good.result.stdout.trim(), '.docker')
  }
})
