import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { pushImage } from '../support/bases.ts'
import { assertClearError } from '../support/clear-error.ts'
import { makeContext } from '../support/context.ts'
import { hearth } from '../support/hearth.ts'
import { skopeo } from '../support/image-tree.ts'
import { startRegistryProxy } from '../support/registry-proxy.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const from = `FROM ${scene.busybox}`

const refused: readonly { readonly what: string; readonly dockerfile: string; readonly says: readonly RegExp[] }[] = [
  { what: 'an empty Dockerfile', dockerfile: '\n# nothing\n', says: [/Dockerfile/, /FROM|stage|empty/] },
  { what: 'an instruction nobody knows', dockerfile: `${from}\nCOPPY a b\n`, says: [/Dockerfile:2/, /COPPY/] },
  { what: 'an instruction before FROM', dockerfile: `RUN true\n${from}\n`, says: [/Dockerfile:1/, /FROM/] },
  { what: 'a COPY without a destination', dockerfile: `${from}\nCOPY a\n`, says: [/Dockerfile:2/, /COPY/] },
  { what: 'an unclosed heredoc', dockerfile: `${from}\nRUN <<EOF\necho\n`, says: [/Dockerfile:2/, /EOF/] },
  { what: 'a malformed expansion', dockerfile: `${from}\nENV A=\${B\n`, says: [/Dockerfile:2/] },
  { what: 'a FROM that expands to nothing', dockerfile: `ARG NONE\nFROM \${NONE}\n`, says: [/Dockerfile:2/] },
  {
    what: 'a reference that is none',
    dockerfile: 'FROM Not/A/Reference\n',
    says: [/Dockerfile:1/, /Not\/A\/Reference/],
  },
  { what: 'a flag nobody knows', dockerfile: `${from}\nCOPY --colour=red a b\n`, says: [/Dockerfile:2/, /--colour/] },
  {
    what: 'a mount of no known type',
    dockerfile: `${from}\nRUN --mount=type=nfs,target=/x true\n`,
    says: [/Dockerfile:2/, /nfs/, /bind, cache, secret, ssh, tmpfs/],
  },
  {
    what: 'a source from a git repository',
    dockerfile: `${from}\nADD git@host.invalid:a/b.git /c\n`,
    says: [/Dockerfile:2/, /git/],
  },
  { what: 'a missing source', dockerfile: `${from}\nCOPY there-is-none /a\n`, says: [/Dockerfile:2/, /there-is-none/] },
  { what: 'an ignored source', dockerfile: `${from}\nCOPY ignored /a\n`, says: [/Dockerfile:2/, /ignored/] },
  { what: 'several sources for a file', dockerfile: `${from}\nCOPY one two /a\n`, says: [/Dockerfile:2/, /\/a/] },
  {
    what: 'an unknown owner',
    dockerfile: `${from}\nCOPY --chown=nobody-here one /a\n`,
    says: [/Dockerfile:2/, /nobody-here/],
  },
  {
    what: 'an unknown user',
    dockerfile: `${from}\nUSER nobody-here\nRUN true\n`,
    says: [/Dockerfile:3/, /nobody-here/],
  },
  { what: 'a stage that comes later', dockerfile: `${from}\nCOPY --from=7 /a /b\n`, says: [/Dockerfile:2/, /7/] },
  {
    what: 'a missing file of a stage',
    dockerfile: `${from} AS s\n${from}\nCOPY --from=s /none /b\n`,
    says: [/Dockerfile:3/, /\/none/],
  },
  {
    what: 'an image that is not there',
    dockerfile: `FROM ${host}/nothing:1\n`,
    says: [/nothing/, /Dockerfile:1|not found/i],
  },
  { what: 'a registry that does not answer', dockerfile: 'FROM 127.0.0.1:1/a:1\n', says: [/127\.0\.0\.1:1/] },
  { what: 'a registry without an address', dockerfile: 'FROM registry.invalid/a:1\n', says: [/registry\.invalid/] },
  { what: 'a download that fails', dockerfile: `${from}\nADD http://${host}/none /a\n`, says: [/Dockerfile:2/, /404/] },
  {
    what: 'a program that is not there',
    dockerfile: `${from}\nRUN ["no-such-program"]\n`,
    says: [/Dockerfile:2/, /no-such-program/],
  },
]

for (const { what, dockerfile, says } of refused) {
  test(`${what} is one clear error and leaves no output`, async () => {
    const out = scene.newDirectory()
    const outputs = [
      '--oci-layout-path',
      join(out, 'layout'),
      '--tar-path',
      join(out, 'image.tar'),
      '--digest-file',
      join(out, 'digest'),
    ]
    const files = { one: '1', two: '2', ignored: 'i', '.dockerignore': 'ignored\n' }
    const result = await scene.attempt({ dockerfile, files, args: ['--no-push', ...outputs] })
    const exitCode = what === 'a program that is not there' ? 127 : 1
    assertClearError(result, says, exitCode)
    assert.equal((result.stderr.match(/ERRO/g) ?? []).length <= 1, true, result.stderr)
    for (const name of ['image.tar', 'digest', 'layout/index.json'])
      assert.equal(existsSync(join(out, name)), false, name)
  })
}

test('a missing Dockerfile and a missing context are named', async () => {
  const context = makeContext(scene.directory, { other: 'x' })
  assertClearError(await scene.attempt({ context, args: ['--no-push'] }), [/Dockerfile/])
  assertClearError(await scene.attempt({ context, args: ['--no-push', '-f', 'not/here'] }), [/not\/here/])
  assertClearError(await hearth(['--context', '/not/there', '--no-push']), [/\/not\/there/])
  assertClearError(await scene.attempt({ context: `${context}/other`, args: ['--no-push'], cwd: context }), [/other/])
})

test('a stage that is not there is taken for an image, and the error says so', async () => {
  const mirror = ['--registry-mirror', host, '--skip-default-registry-fallback', '--insecure-registry', host]
  for (const cache of [[], ['--cache', '--cache-dir', scene.newDirectory()]]) {
    const result = await scene.attempt({
      dockerfile: `${from}\nCOPY --from=nostage /a /b\n`,
      args: ['--no-push', ...mirror, ...cache],
    })
    assertClearError(result, [
      /Dockerfile:2/,
      /why: {3}there is no stage of that name above it, so "nostage" is an image/,
    ])
  }
  const named = await scene.attempt({
    dockerfile: `${from}\nCOPY --from=${host}/nothing:1 /a /b\n`,
    args: ['--no-push'],
  })
  assertClearError(named, [/Dockerfile:2/, /nothing/])
  assert.doesNotMatch(named.stderr, /no stage/)
})

test('a blob that is not what its digest says is refused, and nothing comes of it', async () => {
  const reference = await pushImage(scene.busyboxLayout, host, 'damaged:1')
  const [layer = ''] = JSON.parse(await skopeo(['inspect', '--tls-verify=false', `docker://${reference}`])).Layers
  const hex = layer.replace('sha256:', '')
  const data = join(scene.registry.directory, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex, 'data')
  const good = readFileSync(data)
  const cache = scene.newDirectory()
  const build = () =>
    scene.attempt({ dockerfile: `FROM ${reference}\nRUN true\n`, args: ['--no-push', '--cache', '--cache-dir', cache] })
  try {
    const bad = Buffer.from(good)
    bad.writeUInt8(bad.readUInt8(bad.length >> 1) ^ 1, bad.length >> 1)
    writeFileSync(data, bad)
    assertClearError(await build(), [new RegExp(hex.slice(0, 12))])
    truncateSync(data, good.length >> 1)
    assertClearError(await build(), [new RegExp(hex.slice(0, 12))])
  } finally {
    writeFileSync(data, good)
  }
  const after = await build()
  assert.equal(after.code, 0, after.stderr)
})

test('a download that breaks off goes on where it stopped', async () => {
  await using proxy = await startRegistryProxy(host)
  proxy.cutNext(2, (request) => request.startsWith('GET /v2/busybox/blobs/'))
  const result = await scene.attempt({ dockerfile: `FROM ${proxy.host}/busybox:1\nRUN true\n`, args: ['--no-push'] })
  assert.equal(result.code, 0, result.stderr)
})

test('a full disk is named, wherever the bytes were to go', async () => {
  const directory = scene.newDirectory()
  const surroundings = { tiny: [{ directory, bytes: 262_144 }] }
  const dockerfile = `${from}\nRUN head -c 3000000 /dev/urandom > /big\n`
  for (const args of [
    ['--tar-path', join(directory, 'image.tar')],
    ['--oci-layout-path', join(directory, 'layout')],
  ]) {
    assertClearError(await scene.attempt({ dockerfile, surroundings, args: ['--no-push', ...args] }), [/space|full/i])
  }
})

test('a full cache directory spoils no output', async () => {
  const directory = scene.newDirectory()
  const layout = join(scene.newDirectory(), 'layout')
  const surroundings = { tiny: [{ directory, bytes: 262_144 }] }
  const dockerfile = `${from}\nRUN head -c 3000000 /dev/urandom > /big\n`
  const args = ['--no-push', '--cache', '--cache-dir', directory, '--oci-layout-path', layout]
  const result = await scene.attempt({ dockerfile, surroundings, args })
  if (result.code === 0) assert.ok(existsSync(join(layout, 'index.json')))
  else assertClearError(result, [/space|full/i])
})

test('a directory that cannot be written is named', async () => {
  const directory = scene.newDirectory()
  const surroundings = { readOnly: [directory] }
  for (const flag of ['--tar-path', '--oci-layout-path', '--digest-file']) {
    const args = ['--no-push', flag, join(directory, 'output')]
    const result = await scene.attempt({ dockerfile: 'FROM scratch\nCOPY Dockerfile /\n', surroundings, args })
    assertClearError(result, [/read-only/i, new RegExp(directory)])
  }
  assert.deepEqual(readdirSync(directory), [])
})

test('one destination that refuses the push fails the build, and no digest file is written', async () => {
  const digest = join(scene.newDirectory(), 'digest')
  const args = ['-d', `${host}/two/good:1`, '-d', '127.0.0.1:1/two/bad:1', '--digest-file', digest]
  const result = await scene.attempt({ dockerfile: 'FROM scratch\nCOPY Dockerfile /\n', args })
  assertClearError(result, [/127\.0\.0\.1:1/])
  assert.equal(existsSync(digest), false)
})
