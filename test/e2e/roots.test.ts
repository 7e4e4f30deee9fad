import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { test } from 'node:test'
import { run } from '../support/command.ts'
import { openScene } from '../support/scene.ts'
import { fileOf, sha256 } from './files.ts'

const scene = await openScene()

/** How roots are made in each tier, in the words of the log. */
const tiers = {
  overlay: /roots are overlays, as requested/,
  namespaces: /isolation: namespaces \(commands have mount and PID namespaces of their own, as requested\)/,
  userns: /roots are overlays/,
} as const

const everyTurn = (base: string): string => `FROM ${base} AS common
RUN mkdir -p /data/deep && echo one > /data/one && echo two > /data/deep/two && ln /data/one /linked
FROM common AS left
RUN rm -rf /data/deep && mkdir /data/deep && echo three > /data/deep/three
RUN mv /data /moved && ln -s moved /data && rm /linked
FROM common AS right
RUN chown -R 0:0 /data /etc && chmod -R u+r /data && touch -r /data/one /data/one && rm /linked
RUN chown 5:6 /data/one && chmod 4755 /data/deep/two && ln /data/deep/two /data/deep/again
FROM ${base}
RUN rm -rf /etc/passwd /home && echo 'root:x:0:0::/:/bin/sh' > /etc/passwd && mknod /pipe p
COPY --from=left /moved /left
COPY --from=right --chown=7:8 /data /right
COPY big /big
RUN sync -f /big && cat /left/deep/three /right/deep/again > /seen && rm -r /left/deep
`

test('a build gives the same image whether its roots are overlays or directories', async () => {
  const files = { big: 'x'.repeat(3_000_000) }
  const digests: string[] = []
  for (const [tier, says] of Object.entries(tiers)) {
    const args = [`--isolation=${tier}`, '--reproducible']
    const { result, digest, tree } = await scene.image({ dockerfile: everyTurn(scene.busybox), files, args })
    assert.match(result.stderr + result.stdout, says)
    assert.equal(fileOf(await tree(), 'seen').sha256, sha256('three\ntwo\n'))
    assert.equal(fileOf(await tree(), 'big').sha256, sha256(files.big))
    digests.push(digest)
  }
  assert.equal(new Set(digests).size, 1, digests.join())
})

test('what is given the mode and owner it has, or only opened, does not get into a layer', async () => {
  const dockerfile = `FROM ${scene.busybox}
RUN chown -R 0:0 /bin /etc && chmod -R u+r /etc && cat < /dev/null >> /etc/group
`
  for (const tier of Object.keys(tiers)) {
    const { layout, layers } = await scene.image({ dockerfile, args: [`--isolation=${tier}`] })
    const last = layers.at(-1)?.replace(':', '/') ?? ''
    assert.equal(await run('tar', ['-tzf', `${layout}/blobs/${last}`]), '', tier)
  }
})

test('nothing of a build stays mounted, and its work directory is gone', async () => {
  const workDir = scene.newDirectory()
  const dockerfile = `FROM ${scene.busybox}\nRUN echo 1 > /a\nRUN echo 2 >> /a\n`
  await scene.image({ dockerfile, args: ['--isolation=overlay', '--work-dir', workDir] })
  await scene.attempt({ dockerfile: `${dockerfile}RUN exit 3\n`, args: ['--no-push', '--work-dir', workDir] })
  assert.deepEqual(readdirSync(workDir), [])
  assert.ok(!readFileSync('/proc/self/mountinfo', 'utf8').includes(workDir))
})
