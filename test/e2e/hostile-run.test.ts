import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { openScene } from '../support/scene.ts'
import { fileOf } from './files.ts'

// Commands that do their worst to the root of their own stage, and to what they find in it.

const scene = await openScene()
const from = `FROM ${scene.busybox}`

test('whatever commands do to their root, the result is theirs and the next stage is whole', async () => {
  const dockerfile = `${from} AS programs
RUN rm -rf /bin/* /usr /sbin /etc 2> /dev/null; echo x > /mark
${from} AS closed
RUN chmod 000 / && echo x > /mark
RUN echo y >> /mark
${from} AS killed
RUN setsid sleep 1000 & kill -9 -1; echo x > /mark
RUN ! ps | grep 'sleep 100[0]' && echo y >> /mark
${from} AS devices
RUN rm -f /dev/null /dev/zero 2> /dev/null; umount /dev/null 2> /dev/null; umount -l /dev /proc /sys 2> /dev/null; echo x > /mark
RUN echo gone > /dev/null && test -c /dev/null && test ! -s /dev/null && echo y >> /mark
${from} AS moved
RUN mv /etc /elsewhere; mkdir -p /etc && echo x > /mark
RUN test -s /etc/hosts && echo y >> /mark
${from}
COPY --from=programs /mark /programs
COPY --from=closed /mark /closed
COPY --from=killed /mark /killed
COPY --from=devices /mark /devices
COPY --from=moved /mark /moved
RUN test "$(stat -c %a /)" = 755 && test -c /dev/null && test -s /etc/hosts && test -e /etc/passwd && ls /bin > /dev/null
`
  const tree = await (await scene.image({ dockerfile })).tree()
  const sizes = ['programs', 'closed', 'killed', 'devices', 'moved'].map((name) => fileOf(tree, name).size)
  assert.deepEqual(sizes, [2, 4, 4, 4, 4])
})

for (const [what, command, code] of [
  ['removes the programs of the next one', 'rm -rf /bin/*\nRUN true', 127],
  ['removes all there is', 'rm -rf --no-preserve-root / 2> /dev/null; exit 7', 7],
  ['kills itself', 'kill -9 $$', 137],
] as const) {
  test(`a command that ${what} gives one clear error`, async () => {
    const result = await scene.attempt({ dockerfile: `${from}\nRUN ${command}\n`, args: ['--no-push'] })
    assertClearError(result, [/run-failed/], code)
    assert.equal(result.stderr.match(/^.*error\[/gm)?.length, 1, result.stderr)
  })
}
