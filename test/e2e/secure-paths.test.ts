import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { run } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { executorPath } from '../support/dist.ts'
import { openScene } from '../support/scene.ts'
import { fileOf, sha256 } from './files.ts'

const scene = await openScene()
const from = `FROM ${scene.busybox}`
const outside = scene.newDirectory()
writeFileSync(join(outside, 'secret'), 'of the machine')

test('a symlink in the context cannot reach out of it', async () => {
  const files = {
    link: { link: join(outside, 'secret') },
    directory: { link: outside },
    up: { link: '../../../../etc/passwd' },
  }
  for (const source of ['link', 'directory/secret', 'up']) {
    const result = await scene.attempt({ dockerfile: `${from}\nCOPY ${source} /copied\n`, files, args: ['--no-push'] })
    assertClearError(result, [/Dockerfile:2/, new RegExp(source)])
  }
})

test('symlinks below a copied directory are copied as they are, wherever they point', async () => {
  const files = { 'tree/link': { link: join(outside, 'secret') }, 'tree/file': 'f' }
  const tree = await (await scene.image({ dockerfile: `${from}\nCOPY tree /tree\n`, files })).tree()
  assert.equal(fileOf(tree, 'tree/link').target, join(outside, 'secret'))
})

test('a source with ".." stays in the context', async () => {
  const result = await scene.attempt({ dockerfile: `${from}\nCOPY ../../etc/passwd /copied\n`, args: ['--no-push'] })
  assertClearError(result, [/Dockerfile:2/, /etc\/passwd/])
})

test('a destination through symlinks of the image stays in the image', async () => {
  const dockerfile = `${from}
RUN ln -s ${outside} /absolute && ln -s ../../../../../../../..${outside} /relative && ln -s / /root-link
COPY file /absolute/one
COPY file /relative/two
COPY file /root-link/tmp/three
ADD file /absolute/
WORKDIR /absolute/made
RUN echo run > /absolute/four
`
  const tree = await (await scene.image({ dockerfile, files: { file: 'content' } })).tree()
  const inside = outside.slice(1)
  for (const name of ['one', 'two', 'file']) assert.equal(fileOf(tree, `${inside}/${name}`).sha256, sha256('content'))
  assert.equal(fileOf(tree, 'tmp/three').sha256, sha256('content'))
  assert.equal(fileOf(tree, `${inside}/made`).type, 'directory')
  for (const name of ['one', 'two', 'file', 'made', 'four']) assert.equal(existsSync(join(outside, name)), false, name)
  assert.equal(readFileSync(join(outside, 'secret'), 'utf8'), 'of the machine')
})

test('a COPY --from cannot read the machine through links of the other stage', async () => {
  const dockerfile = `FROM ${scene.busybox} AS other\nRUN ln -s ${outside} /link\n${from}\nCOPY --from=other /link/secret /stolen\n`
  const result = await scene.attempt({ dockerfile, args: ['--no-push'] })
  assertClearError(result, [/Dockerfile:4/, /link\/secret/])
})

test('an archive cannot write outside the image', async () => {
  const directory = scene.newDirectory()
  writeFileSync(join(directory, 'f'), 'escaped')
  const target = `${'../'.repeat(12)}${outside.slice(1)}`
  const tar = join(directory, 'evil.tar')
  await run('tar', ['-P', '-C', directory, '--transform', `s,^f$,${target}/dots,`, '-cf', tar, 'f'])
  await run('tar', ['-P', '-C', directory, '--transform', `s,^f$,${outside}/absolute,`, '-rf', tar, 'f'])
  await run('ln', ['-s', outside, join(directory, 'link')])
  await run('tar', ['-C', directory, '-rf', tar, 'link'])
  await run('tar', ['-C', directory, '--transform', 's,^f$,link/through,', '-rf', tar, 'f'])
  const files = { 'evil.tar': readFileSync(tar) }
  await scene.attempt({ dockerfile: `${from}\nADD evil.tar /\n`, files, args: ['--no-push'] })
  for (const name of ['dots', 'absolute', 'through']) assert.equal(existsSync(join(outside, name)), false, name)
})

test('a command cannot see the files of the machine or of the build', async () => {
  const dockerfile = `${from}\nRUN test ! -e ${outside}/secret && test ! -e ${process.execPath} && test "$(ls -A / | grep -c context)" = 0\n`
  await scene.image({ dockerfile })
})

test('a command cannot change what is mounted on the machine', async () => {
  const directory = scene.newDirectory()
  const dockerfile = `${from}\nRUN mkdir /mnt; mount -t tmpfs none /mnt; mount -t tmpfs none /tmp; umount /proc; umount -l /dev; true\n`
  const context = makeContext(scene.directory, { Dockerfile: dockerfile })
  // A namespace whose mounts would travel to its peers, as the machine's do, but which has no peer on the machine.
  const script = 'mount --make-rshared /; cat /proc/self/mounts > before; "$@"; cat /proc/self/mounts > after'
  const executor = [process.execPath, executorPath, '--context', context, '--no-push']
  const inside = ['--mount', '--propagation', 'private', 'sh', '-euc', script, 'sh', ...executor]
  await run('unshare', inside, { cwd: directory })
  const mounts = (name: string): string => readFileSync(join(directory, name), 'utf8')
  assert.notEqual(mounts('before'), '')
  assert.equal(mounts('after'), mounts('before'))
})
