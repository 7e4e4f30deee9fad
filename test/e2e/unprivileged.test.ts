import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type CommandResult, tryRun } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { executorPath } from '../support/dist.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()

const dockerfile = [
  `FROM ${scene.busybox} AS tools`,
  'COPY --chown=7:8 --chmod=4755 bin/tool /usr/local/bin/',
  `FROM ${scene.busybox}`,
  'COPY . /app',
  'COPY --chown=root:root app.txt /etc/app/',
  'COPY --from=tools /usr/local/bin /bin/sh /tools/',
  `COPY --from=${scene.busybox} /etc /copied`,
  'ADD archive.tar.gz /opt',
  'COPY <<hello /hello',
  'hi',
  'hello',
  'USER 1000',
  'WORKDIR /home/app',
].join('\n')

/** A context whose archive holds what only root can make on a disk. */
function newContext(): string {
  const context = makeContext(scene.directory, { Dockerfile: dockerfile, 'app.txt': 'app', 'bin/tool': '#!/bin/sh\n' })
  const tree = join(scene.newDirectory(), 'archive')
  mkdirSync(join(tree, 'dev'), { recursive: true })
  execFileSync('mknod', [join(tree, 'dev/null'), 'c', '1', '3'])
  execFileSync('tar', ['--owner=12', '--group=34', '-czf', join(context, 'archive.tar.gz'), '-C', tree, '.'])
  chmodSync(context, 0o755)
  return context
}

/**
 * Runs a script as uid 1000 without any capability, where nothing but "$work" can be written: a filesystem of its own
 * that goes with the mount namespace. "$@" is the executor.
 */
function runUnprivileged(script: string): Promise<CommandResult> {
  const work = scene.newDirectory()
  // Where the machine has other filesystems below the root, what is under these is still read-only for uid 1000.
  const mounts = [
    'set -eu',
    'work=$1; shift',
    'mount -o remount,bind,ro /',
    'mount -t tmpfs -o mode=0700,uid=1000,gid=1000 tmpfs "$work"',
    'export work HOME=/nonexistent TMPDIR="$work"',
    'exec setpriv --reuid 1000 --regid 1000 --clear-groups --bounding-set -all --inh-caps -all --no-new-privs "$@"',
  ].join('\n')
  const inside = ['sh', '-euc', script, 'sh', process.execPath, executorPath]
  return tryRun('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', mounts, 'sh', work, ...inside])
}

function digestIn({ stdout, stderr }: CommandResult): string {
  const [digest] = /sha256:[0-9a-f]{64}/.exec(stdout) ?? []
  assert.notEqual(digest, undefined, stderr)
  return digest ?? ''
}

test('uid 1000 without capabilities on a read-only root builds what root builds, with cache and all outputs', async () => {
  const context = newContext()
  chmodSync(scene.directory, 0o755)
  const root = await scene.image({ context, args: ['--reproducible'] })
  const result = await runUnprivileged(`
    ! touch /tmp/hearth-test-not-writable 2>/dev/null
    grep -q '^CapEff:.0*$' /proc/self/status
    for round in 1 2; do
      "$@" --context ${context} --reproducible --no-push --cache --cache-dir "$work/cache" --work-dir "$work/work" \\
        --oci-layout-path "$work/layout" --tar-path "$work/image.tar" --digest-file "$work/digest"
    done
    cat "$work/digest"
    test -z "$(ls -A "$work/work")"
    test -s "$work/image.tar"
    test -f "$work/layout/index.json"
  `)
  assert.equal(result.code, 0, result.stderr)
  assert.equal(digestIn(result), root.digest)
  assert.doesNotMatch(result.stderr, /isolation:/)
  assert.match(result.stderr, /cache: 7 hits \(local 7, remote 0\), 0 misses/)
})

test('uid 1000 is told which file of the context it cannot read', async () => {
  const context = makeContext(scene.directory, { Dockerfile: 'FROM scratch\nCOPY . /\n', 'sub/secret': 'x' })
  chmodSync(context, 0o755)
  for (const [path, cache] of [
    ['sub/secret', ''],
    ['sub/secret', '--cache'],
    ['sub', ''],
  ] as const) {
    chmodSync(join(context, path), 0)
    const { code, stderr } = await runUnprivileged(
      `"$@" --context ${context} --no-push ${cache} --cache-dir "$work/c" --oci-layout-path "$work/layout"`,
    )
    assert.equal(code, 1)
    assert.match(stderr, new RegExp(`/${path} cannot be read`))
    assert.match(stderr, /Dockerfile:2:1\n +2 \| COPY/)
    assert.match(stderr, /uid is 1000/)
    chmodSync(join(context, path), 0o755)
  }
})
