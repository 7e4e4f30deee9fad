import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { podman } from '../support/containers.ts'
import { startHttpServer } from '../support/http-server.ts'
import { readImage, skopeo } from '../support/image-tree.ts'
import { type BuiltImage, openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const container = podman(scene.directory)

const dockerfile = `
FROM ${scene.busybox}
RUN echo 'carol:x:1234:77::/:/bin/sh' >> /etc/passwd
RUN mkdir /data && echo made > /data/made && chown 1234 /data && chmod 750 /data
COPY --chmod=755 start /bin/start
ENV WHO=world
LABEL purpose="end to end"
EXPOSE 8080
USER carol
WORKDIR /data
ENTRYPOINT ["/bin/start"]
CMD ["hello"]
`
const files = { start: '#!/bin/sh\necho "$1 $WHO from $(id -un) in $(pwd): $(cat made)"\n' }
const out = scene.newDirectory()
const [first, second] = [`${host}/team/app:1.0`, `${host}/team/app:latest`]
const digestFiles = ['--digest-file', join(out, 'digest')]
digestFiles.push('--image-name-with-digest-file', join(out, 'names'))
digestFiles.push('--image-name-tag-with-digest-file', join(out, 'tags'))
let built: BuiltImage
before(async () => {
  built = await scene.image({ dockerfile, files, args: ['-d', first, '--destination', second, ...digestFiles] })
})

test('an image pulled from the registry runs as its configuration says', async () => {
  await container.command(['pull', '--quiet', '--tls-verify=false', first])
  const plain = await container.run(first)
  assert.deepEqual([plain.code, plain.stdout], [0, 'hello world from carol in /data: made\n'])
  const other = await container.run(first, ['bye'], ['--env', 'WHO=moon'])
  assert.equal(other.stdout, 'bye moon from carol in /data: made\n')
})

test('every destination holds the image, and skopeo agrees with what was built', async () => {
  for (const reference of [first, second]) {
    const seen = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${reference}`]))
    assert.equal(seen.Digest, built.digest)
    assert.deepEqual(seen.Labels, { purpose: 'end to end' })
    assert.deepEqual(seen.Layers, built.layers)
    assert.ok(seen.Env.includes('WHO=world'))
  }
})

test('the registry holds the same files as the OCI layout of the same build', async () => {
  const pushed = await readImage(`docker://${first}`, scene.newDirectory())
  const local = await built.read()
  assert.deepEqual(pushed.config, local.config)
  assert.deepEqual(pushed.tree, local.tree)
  assert.equal(pushed.tree.get('data')?.owner, '1234:0')
  assert.equal(pushed.tree.get('bin/start')?.mode, '755')
})

test('the layers of the base are used as they are', async () => {
  const base = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${scene.busybox}`]))
  assert.deepEqual(built.layers.slice(0, base.Layers.length), base.Layers)
  const { config } = await built.read()
  assert.equal(built.layers.length, config.history?.filter((entry) => entry.empty_layer !== true).length)
})

test('the digest files name the digest, the repositories and the tags', () => {
  const text = (name: string): string => readFileSync(join(out, name), 'utf8')
  assert.equal(text('digest'), built.digest)
  const repository = `${host}/team/app`
  assert.equal(text('names'), `${repository}@${built.digest}\n${repository}@${built.digest}\n`)
  assert.equal(text('tags'), `${first}@${built.digest}\n${second}@${built.digest}\n`)
})

test('a base in the same registry is mounted, not uploaded again', async () => {
  const [baseLayer = ''] = built.layers
  const uploads = scene.registry.log().split('\n')
  const mounts = uploads.filter((line) => line.includes('POST /v2/team/app/blobs/uploads/') && line.includes('mount='))
  assert.ok(mounts.some((line) => decodeURIComponent(line).includes(baseLayer)))
})

test('a container of the image sees no trace of the build', async () => {
  const seen = await container.run(first, ['-c', 'ls -A /dev /proc /sys /etc; env'], ['--entrypoint', '/bin/sh'])
  assert.equal(seen.code, 0)
  const { tree } = await built.read()
  for (const directory of ['dev', 'proc', 'sys']) {
    assert.deepEqual(
      [...tree.keys()].filter((path) => path.startsWith(`${directory}/`)),
      [],
    )
  }
  for (const mounted of ['etc/resolv.conf', 'etc/hosts', 'etc/hostname']) assert.equal(tree.has(mounted), false)
})

test('the names file lists repositories without tags where only it is asked for', async () => {
  const names = join(out, 'only-names')
  const args = ['-d', first, '--image-name-with-digest-file', names]
  const again = await scene.image({ dockerfile, files, args })
  assert.equal(readFileSync(names, 'utf8'), `${host}/team/app@${again.digest}\n`)
})

test('a tag that its registry does not let change is left as it is, if so wished', async () => {
  await using strict = await startHttpServer((request, response) => {
    const answer = (status: number, headers = {}, body = ''): void => {
      request.resume().on('end', () => response.writeHead(status, headers).end(body))
    }
    const uploads = { location: '/v2/app/blobs/uploads/one' }
    if (request.method === 'HEAD') answer(404)
    else if (request.method === 'POST' || request.method === 'PATCH') answer(202, uploads)
    else if (request.url?.includes('/manifests/') !== true) answer(request.method === 'PUT' ? 201 : 200)
    else {
      const errors = [{ code: 'TAG_INVALID', message: 'The tag "1" is immutable and cannot be overwritten' }]
      answer(400, {}, JSON.stringify({ errors }))
    }
  })
  const push = { dockerfile: 'FROM scratch\nLABEL a=b', args: ['-d', `${strict.host}/app:1`] }
  assertClearError(await scene.attempt(push), [/immutable/])
  const result = await scene.attempt({ ...push, args: [...push.args, '--push-ignore-immutable-tag-errors'] })
  assert.equal(result.code, 0, result.stderr)
  assert.match(result.stderr, /app:1 is not changed/)
})
