import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { makeContext } from '../support/context.ts'
import { build, hearth } from '../support/hearth.ts'
import { skopeo } from '../support/image-tree.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const out = scene.newDirectory()
const context = makeContext(scene.directory, {
  Dockerfile: `FROM ${scene.busybox}\nCOPY Dockerfile /file\nLABEL a=b\nENV PATH=/bin\n`,
})
const [layout, tar] = [join(out, 'layout'), join(out, 'image.tar')]
const pushed = `${host}/pushed/directly:1`
await build(['--context', context, '-d', pushed, '--oci-layout-path', layout, '--tar-path', tar])

async function inspect(reference: string): Promise<{ Digest: string; Layers: readonly string[]; Labels: object }> {
  return JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${reference}`]))
}
const direct = await inspect(pushed)

/** Pushes; gives what the registry has then. */
async function push(image: string, name: string, ...more: readonly string[]): ReturnType<typeof inspect> {
  const result = await hearth(['push', image, '-d', `${host}/pushed/${name}`, ...more])
  assert.equal(result.code, 0, result.stderr)
  return inspect(`${host}/pushed/${name}`)
}

test('what --tar-path and --oci-layout-path wrote is the image that the build would have pushed', async () => {
  assert.equal((await push(tar, 'tar:1')).Digest, direct.Digest)
  assert.equal((await push(layout, 'layout:1')).Digest, direct.Digest)
  assert.equal((await push(`oci:${layout}`, 'oci:1')).Digest, direct.Digest)
  symlinkSync(tar, join(out, 'link'))
  assert.equal((await push(join(out, 'link'), 'link:1')).Digest, direct.Digest)
})

test('archives of other tools are pushed, whether compressed or not', async () => {
  const plain = join(out, 'docker-save.tar')
  execFileSync('skopeo', ['copy', '-q', `oci:${layout}`, `docker-archive:${plain}:example/app:1`])
  const first = await push(plain, 'plain:1')
  assert.deepEqual(first.Labels, { a: 'b' })
  assert.equal((await push(plain, 'plain:2', '--name', 'example/app:1')).Digest, first.Digest)
  const archive = join(out, 'oci.tar')
  execFileSync('skopeo', ['copy', '-q', `oci:${layout}`, `oci-archive:${archive}:tagged`])
  assert.equal((await push(archive, 'archive:1')).Digest, direct.Digest)
  assert.equal((await push(archive, 'archive:2', '--name=tagged')).Digest, direct.Digest)
  assert.equal(
    execFileSync('skopeo', ['inspect', '--tls-verify=false', '--raw', `docker://${host}/pushed/plain:1`]).includes(
      'gzip',
    ),
    true,
  )
})

test('several destinations, the formats and the files that name the digest', async () => {
  const file = join(out, 'digest')
  const { Digest } = await push(
    tar,
    'docker:1',
    '--image-format=docker',
    '--digest-file',
    file,
    '-d',
    `${host}/pushed/b:2`,
  )
  assert.notEqual(Digest, direct.Digest)
  assert.equal(readFileSync(file, 'utf8'), Digest)
  assert.equal((await inspect(`${host}/pushed/b:2`)).Digest, Digest)
})

test('what cannot be pushed is one clear error', async () => {
  const to = ['-d', `${host}/pushed/wrong:1`]
  const refused = async (image: string, ...expected: readonly RegExp[]): Promise<void> => {
    assertClearError(await hearth(['push', image, ...to]), expected)
  }
  const [text, cut] = [join(out, 'text'), join(out, 'cut.tar')]
  writeFileSync(text, 'no archive')
  execFileSync('cp', [tar, cut])
  truncateSync(cut, 300_000)
  await refused(text, /not the archive of an image/)
  await refused(cut, /not the archive of an image.*damaged/, /cut off/)
  await refused(join(out, 'nowhere'), /nowhere cannot be read/)
  await refused(scene.newDirectory(), /index\.json|not an OCI/)
  assertClearError(await hearth(['push', tar, '--name=other', ...to]), [/no image other/])
  assertClearError(await hearth(['push', layout, '--name=other', ...to]), [/no image called other/])
  assertClearError(await hearth(['push', tar]), [/push needs --destination/])
})
