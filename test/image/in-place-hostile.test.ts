import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { openInPlaceBuilds } from '../support/in-place-builds.ts'

// Commands that do their worst to the container they share with hearth: a clean result, or one clear error.

const builds = await openInPlaceBuilds({ after })
const { attempt, succeeds, tree } = builds

/** Files of the machine, mounted where they can be written. */
function machine(): { readonly directory: string; readonly flags: readonly string[] } {
  const directory = mkdtempSync(join(builds.directory, 'machine-'))
  mkdirSync(join(directory, 'data'))
  writeFileSync(join(directory, 'data/file'), 'precious')
  writeFileSync(join(directory, 'hosts'), '127.0.0.1 localhost kept\n')
  const flags = ['-v', `${directory}/data:/machine/data:ro`, '-v', `${directory}/hosts:/etc/hosts`]
  return { directory, flags }
}

test('a stage whose commands do their worst has a clean result, and the next one begins with a whole root', async () => {
  const dockerfile = `FROM busybox:1 AS programs
RUN rm -rf /bin/* /usr /sbin /etc 2> /dev/null; echo x > /mark
FROM busybox:1 AS mounts
RUN for path in /proc /sys /dev /etc/hosts /etc/resolv.conf /machine/data /kaniko/work; do \\
  for flag in -f -l; do umount $flag $path 2> /dev/null && echo $path >> /unmounted; done; done; \\
  rm -rf /etc/hosts /etc/resolv.conf /machine 2> /dev/null; mv /machine/data /moved 2> /dev/null; \\
  mkdir /new && mount -t tmpfs none /new 2> /dev/null && echo mounted >> /unmounted; test ! -e /unmounted && echo x > /mark
FROM busybox:1 AS closed
RUN chmod 000 / && echo x > /mark
RUN echo y >> /mark
FROM busybox:1 AS daemons
RUN setsid sleep 2001 & (setsid sh -c 'sleep 2002 & sleep 2003 &' &); sh -c 'trap "" TERM HUP; sleep 2004' & usleep 300000; echo x > /mark
RUN ! ps | grep 'sleep 200[1-4]' && ! grep -l '^State:.Z' /proc/[0-9]*/status && echo y >> /mark
FROM busybox:1 AS devices
RUN rm -rf /dev/null /dev/zero /dev/urandom && echo x > /dev/null && mkdir /dev/zero /dev/zero/full && echo x > /mark
RUN test -c /dev/null && test -c /dev/zero && head -c 3 /dev/urandom > /random && echo y >> /mark
FROM busybox:1
COPY --from=programs /mark /programs
COPY --from=mounts /mark /mounts
COPY --from=closed /mark /closed
COPY --from=daemons /mark /daemons
COPY --from=devices /mark /devices
RUN test "$(stat -c %a /)" = 755 && test -c /dev/null && grep -q kept /etc/hosts && test -e /machine/data/file && test ! -e /mark && ls /bin > /seen
`
  const { directory, flags } = machine()
  const built = await succeeds({ dockerfile, flags: [...flags, '--cap-add=MKNOD'] })
  const files = await tree(built)
  assert.deepEqual(
    ['programs', 'mounts', 'closed', 'daemons', 'devices'].map((name) => files.get(name)?.size),
    [2, 2, 4, 2 + 2, 4],
  )
  assert.equal(files.get('')?.mode, '755')
  assert.equal(readFileSync(join(directory, 'data/file'), 'utf8'), 'precious')
  assert.equal(readFileSync(join(directory, 'hosts'), 'utf8'), '127.0.0.1 localhost kept\n')
  assert.match(built.result.stderr, /made again after the command: \/dev\/null, \/dev\/zero, \/dev\/urandom/)
})

/** Goes on while processes are started, without one more of its own. */
const bomb = 'bomb() { bomb | bomb & }; (bomb) & i=0; while test $i -lt 200000; do i=$((i+1)); done; exit 9'

const next = '\nFROM busybox:1\nCOPY --from=first /mark /\nRUN true\n'

for (const [what, command, flags, code, says] of [
  ['kills every process', 'kill -9 -1; sleep 5', [], 1, /watches over the command ended/],
  ["removes hearth's own files", 'rm -rf /kaniko/* 2> /dev/null; echo x > /mark', [], 1, /kaniko/],
  ['removes all there is', 'rm -rf --no-preserve-root / 2> /dev/null; exit 7', [], 7, /exit code 7/],
  ['fills the work directory', 'head -c 60m /dev/urandom > /mark', ['--tmpfs', '/kaniko/work:size=24m'], 1, /ENOSPC/],
  ['takes devices away that cannot be made again', 'rm /dev/null; echo x > /mark', [], 1, /taken away \/dev\/null/],
  ['starts processes without end', bomb, ['--pids-limit', '100'], 9, /exit code 9/],
] as const) {
  test(`a command that ${what} gives one clear error`, async () => {
    const { result } = await attempt({ dockerfile: `FROM busybox:1 AS first\nRUN ${command}${next}`, flags })
    assertClearError(result, [says], code)
    assert.equal(result.stderr.match(/^error\[/gm)?.length, 1, result.stderr)
  })
}
