import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pushImage } from '../support/bases.ts'
import { assertClearError } from '../support/clear-error.ts'
import { run } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { cacheSummary } from '../support/hearth.ts'
import { startHttpServer } from '../support/http-server.ts'
import { skopeo } from '../support/image-tree.ts'
import { startRegistry } from '../support/registry.ts'
import { openScene } from '../support/scene.ts'
import { fileOf, modeAndOwner, sha256 } from './files.ts'

const scene = await openScene()
const { busybox, busyboxLayout } = scene
const nowhere = 'localhost:1/nothing'

function files(entries: Parameters<typeof makeContext>[1]): string {
  return makeContext(scene.directory, entries)
}

test('a directory takes the place of an image that files are copied from, and obeys its own ignore file', async () => {
  const src = files({ '.dockerignore': '*.log\n', 'a.txt': 'a', 'a.log': 'no', 'sub/b.txt': 'b' })
  const dockerfile = `FROM ${busybox}\nCOPY --from=src . /all/\nCOPY --from=src:latest sub/b.txt /b\n`
  const args = ['--build-context', `docker.io/library/src=${src}`]
  const tree = await (await scene.image({ dockerfile, files: { '.dockerignore': '*' }, args })).tree()
  assert.equal(fileOf(tree, 'all/a.txt').sha256, sha256('a'))
  assert.equal(fileOf(tree, 'b').sha256, sha256('b'))
  assert.equal(modeAndOwner(tree, 'b'), '644 0:0')
  assert.equal(tree.has('all/a.log'), false)
})

test('a source that is not in a named context is told with its name', async () => {
  const args = ['--no-push', '--build-context', `src=${files({ a: 'a' })}`]
  const failed = await scene.attempt({ dockerfile: `FROM ${busybox}\nCOPY --from=src b /\n`, args })
  assertClearError(failed, [/b is not in the context src \(\//, /Dockerfile:2/])
})

test('a directory is a base, with nothing else in the image', async () => {
  const rootfs = files({ 'etc/issue': 'mine', '.dockerignore': 'secret\n', secret: 'no' })
  const dockerfile = 'FROM own\nLABEL a=b\n'
  const built = await scene.image({ dockerfile, args: ['--build-context', `own=${rootfs}`] })
  const { tree, config } = await built.read()
  assert.equal(built.layers.length, 1)
  assert.equal(fileOf(tree, 'etc/issue').sha256, sha256('mine'))
  assert.equal(tree.has('secret'), false)
  assert.deepEqual(config.config, {
    Env: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
    WorkingDir: '/',
    Labels: { a: 'b' },
  })
})

test('a context takes the place of a whole stage: its base is not asked for, and its commands do not run', async () => {
  const out = files({ app: 'ready' })
  const dockerfile = `FROM ${nowhere} AS Builder\nRUN exit 3\nFROM builder AS more\nCOPY extra /extra\nFROM ${busybox}
COPY --from=builder app /one\nCOPY --from=0 app /two\nCOPY --from=more /app /extra /three/\n`
  const request = { dockerfile, files: { extra: 'e' }, args: ['--build-context', `builder=${out}`] }
  const tree = await (await scene.image(request)).tree()
  for (const path of ['one', 'two', 'three/app']) assert.equal(fileOf(tree, path).sha256, sha256('ready'), path)
  assert.equal(fileOf(tree, 'three/extra').sha256, sha256('e'))
})

test('docker-image:// takes the place of a base, however the base is spelled', async () => {
  for (const [name, base] of [
    ['base', 'base'],
    ['docker.io/library/base', 'base:latest'],
    ['base:2', 'docker.io/library/base:2'],
  ]) {
    const args = ['--build-context', `${name}=docker-image://${busybox}`]
    const tree = await (await scene.image({ dockerfile: `FROM ${base}\nRUN echo x > /made\n`, args })).tree()
    assert.equal(fileOf(tree, 'made').sha256, sha256('x\n'))
  }
})

test('a stage made of an image leaves its triggers to the stage built on it', async () => {
  const triggers = await pushed('FROM scratch\nONBUILD COPY left /\nONBUILD LABEL on=build\n', 'triggers:1')
  const dockerfile = `FROM ${nowhere} AS base\nRUN exit 3\nFROM base\nCOPY right /\n`
  const args = ['--build-context', `base=docker-image://${triggers}`]
  const { tree, config } = await (await scene.image({ dockerfile, files: { left: 'l', right: 'r' }, args })).read()
  assert.deepEqual([fileOf(tree, 'left').sha256, fileOf(tree, 'right').sha256], [sha256('l'), sha256('r')])
  assert.deepEqual(config.config.Labels, { on: 'build' })
})

async function pushed(dockerfile: string, name: string): Promise<string> {
  const { layout } = await scene.image({ dockerfile })
  const reference = `${scene.registry.host}/${name}`
  await skopeo(['copy', '--quiet', '--dest-tls-verify=false', `oci:${layout}`, `docker://${reference}`])
  return reference
}

test('an image of an OCI layout is a base and a source of files without any network', async () => {
  const { layout, name } = busyboxLayout
  const digest = await skopeo(['inspect', '--format', '{{.Digest}}', `oci:${layout}:${name}`])
  const gone = await startRegistry()
  const reference = await pushImage(busyboxLayout, gone.host)
  await gone.stop()
  const dockerfile = `FROM ${reference}\nCOPY --from=tools /bin/busybox /copied\nRUN test -f /copied\n`
  for (const place of [`${layout}:${name}`, `${layout}@${digest.trim()}`, layout, `${layout}:x@${digest.trim()}`]) {
    const context = `oci-layout://${place}`
    const args = ['--build-context', `${reference}=${context}`, '--build-context', `tools=${context}`]
    assert.equal(fileOf(await (await scene.image({ dockerfile, args })).tree(), 'copied').type, 'file', place)
  }
})

test('what an OCI layout does not have is told with what it has', async () => {
  const { layout, name } = busyboxLayout
  const args = ['--no-push', '--build-context', `base=oci-layout://${layout}:other`]
  assertClearError(await scene.attempt({ dockerfile: 'FROM base\n', args }), [
    /no image called other/,
    new RegExp(name),
  ])
  const empty = ['--no-push', '--build-context', `base=oci-layout://${layout}-none`]
  assertClearError(await scene.attempt({ dockerfile: 'FROM base\n', args: empty }), [/lists no image/, /Dockerfile:1/])
})

test('an archive from the web is unpacked once, when a step asks for it, and obeys the ignore file in it', async () => {
  const directory = files({ '.dockerignore': 'no\n', 'in/file': 'from the web', no: 'x' })
  const archive = join(scene.newDirectory(), 'a.tar.gz')
  await run('tar', ['-C', directory, '-czf', archive, '.'])
  await using server = await startHttpServer((_request, response) => void response.end(readFileSync(archive)))
  const args = ['--build-context', `web=http://${server.host}/a.tar.gz`]
  const dockerfile = `FROM ${busybox}\nCOPY --from=web in/file /one\nCOPY --from=web . /all\n`
  const tree = await (await scene.image({ dockerfile, args })).tree()
  assert.equal(fileOf(tree, 'one').sha256, sha256('from the web'))
  assert.deepEqual([tree.has('all/in/file'), tree.has('all/no')], [true, false])
  assert.equal(server.requests.length, 1)
  await scene.image({ dockerfile: `FROM ${busybox}\n`, args })
  assert.equal(server.requests.length, 1)
})

test('an archive cannot write outside of the directory it is unpacked in', async () => {
  const directory = scene.newDirectory()
  mkdirSync(join(directory, 'tree'))
  symlinkSync('/etc', join(directory, 'tree/link'))
  writeFileSync(join(directory, 'evil'), 'x')
  const archive = join(directory, 'a.tar')
  await run('tar', ['-C', join(directory, 'tree'), '-cf', archive, 'link'])
  await run('tar', ['-C', directory, '-rf', archive, '--transform', 's,evil,link/hearth-was-here,', 'evil'])
  await using server = await startHttpServer((_request, response) => void response.end(readFileSync(archive)))
  const args = ['--build-context', `web=http://${server.host}/a.tar`, '--no-push']
  const result = await scene.attempt({ dockerfile: `FROM ${busybox}\nCOPY --from=web . /all\n`, args })
  assert.throws(() => readFileSync('/etc/hearth-was-here'), /ENOENT/)
  assert.ok(result.code === 0 || /web/.test(result.stderr), result.stderr)
})

test('what is no archive, and what cannot be had, are errors that name the flag', async () => {
  await using server = await startHttpServer((request, response) => {
    response.statusCode = request.url === '/none' ? 404 : 200
    response.end('<html>')
  })
  for (const [path, said] of [
    ['page', /delivers is no tar archive/],
    ['none', /the answer of .* is 404/],
  ] as const) {
    const args = ['--no-push', '--build-context', `web=http://${server.host}/${path}`]
    const failed = await scene.attempt({ dockerfile: `FROM ${busybox}\nCOPY --from=web a /\n`, args })
    assertClearError(failed, [said, /--build-context web/])
  }
  const missing = ['--no-push', '--build-context', 'src=./not-there']
  assertClearError(await scene.attempt({ dockerfile: `FROM ${busybox}\n`, args: missing }), [/--build-context src/])
})

test('layers of named contexts are cached by what is in the files, not by where they are', async () => {
  const args = ['--cache', '--cache-dir', scene.newDirectory(), '--build-context']
  const dockerfile = `FROM ${busybox}\nCOPY --from=src . /src/\nRUN cat /src/a > /made\n`
  const build = async (place: string): Promise<number> => {
    return cacheSummary((await scene.image({ dockerfile, args: [...args, `src=${place}`] })).result).misses
  }
  assert.equal(await build(files({ a: 'same' })), 2)
  assert.equal(await build(files({ a: 'same' })), 0)
  assert.equal(await build(files({ a: 'other' })), 2)
})

test('every target is built, and the first is the image', async () => {
  const dockerfile = `FROM ${busybox} AS base\nFROM base AS checks\nRUN echo checks ran\nFROM base AS app\nLABEL is=app
FROM base\nRUN exit 7\n`
  const { result, read } = await scene.image({ dockerfile, args: ['--target', 'APP', '--target=1'] })
  assert.match(result.stderr, /checks ran/)
  assert.deepEqual((await read()).config.config.Labels, { is: 'app' })
  const failed = await scene.attempt({ dockerfile, args: ['--no-push', '--target', 'app,3'] })
  assert.equal(failed.code, 7)
  const unknown = await scene.attempt({ dockerfile, args: ['--no-push', '--target', 'app', '--target', 'lint'] })
  assertClearError(unknown, [/"lint" is not a valid target/, /base, checks, app, 3/])
})
