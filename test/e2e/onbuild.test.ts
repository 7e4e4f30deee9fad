import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openScene } from '../support/scene.ts'
import { fileOf, modeAndOwner, sha256 } from './files.ts'

const scene = await openScene()

test('triggers of a base in a registry run in the stage on it: copies from stages, mounts, secrets and arguments', async () => {
  const base = `${scene.registry.host}/onbuild/base:1`
  const triggers = `FROM ${scene.busybox}
ONBUILD ARG NAME=nobody
ONBUILD COPY --from=made --chown=7:8 /made /copied
ONBUILD RUN --mount=type=bind,from=made,target=/m --mount=type=cache,target=/c --mount=type=secret,id=word cat /m/made /run/secrets/word > /seen && echo "$NAME" > /c/name && cp /c/name /name
ONBUILD COPY . /context/
ONBUILD USER 1000
`
  const made = await scene.image({ dockerfile: triggers, args: ['-d', base] })
  const { config } = await made.read()
  assert.deepEqual((config.config as { OnBuild?: readonly string[] }).OnBuild?.length, 5)
  const dockerfile = `FROM ${scene.busybox} AS made
RUN echo made > /made
FROM ${base}
RUN id -u > /tmp/user
`
  const files = { word: 'secret word\n', 'kept/file': 'kept' }
  const args = ['--secret', 'id=word,src=word', '--build-arg', 'NAME=carol']
  const built = await scene.image({ dockerfile, files, args })
  const tree = await built.tree()
  assert.equal(fileOf(tree, 'seen').sha256, sha256('made\nsecret word\n'))
  assert.equal(fileOf(tree, 'name').sha256, sha256('carol\n'))
  assert.equal(modeAndOwner(tree, 'copied'), '644 7:8')
  assert.equal(fileOf(tree, 'context/kept/file').sha256, sha256('kept'))
  assert.equal(fileOf(tree, 'tmp/user').sha256, sha256('1000\n'))
  assert.equal(tree.has('m') || tree.has('c') || tree.has('run/secrets'), false)
  const own = (await built.read()).config.config as { OnBuild?: unknown; User?: string }
  assert.deepEqual([own.OnBuild, own.User], [undefined, '1000'])
})

test('a trigger that cannot be is an error that names it and the base', async () => {
  const base = `${scene.registry.host}/onbuild/wrong:1`
  await scene.image({ dockerfile: `FROM ${scene.busybox}\nONBUILD COPY --from=nowhere /a /b\n`, args: ['-d', base] })
  const { code, stderr } = await scene.attempt({
    dockerfile: `FROM ${base}\n`,
    args: ['--no-push', '--skip-tls-verify-pull'],
  })
  assert.equal(code, 1)
  assert.match(stderr, /ONBUILD COPY --from=nowhere|COPY --from=nowhere/)
})
