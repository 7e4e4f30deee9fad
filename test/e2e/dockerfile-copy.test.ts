import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../support/command.ts'
import { startHttpServer } from '../support/http-server.ts'
import { openScene } from '../support/scene.ts'
import { fileOf, modeAndOwner, sha256 } from './files.ts'

const scene = await openScene()
const from = `FROM ${scene.busybox}`

test('COPY owns files 0:0 and takes --chown and --chmod by name and number', async () => {
  const dockerfile = `${from}
RUN echo 'carol:x:1234:77::/:/bin/sh' >> /etc/passwd && echo 'crew:x:88:' >> /etc/group
USER carol
COPY file /plain
COPY --chown=carol file /name
COPY --chown=carol:crew --chmod=4711 file /names
COPY --chown=5 file /number
COPY --chmod=u=rwx,go=r file /symbolic
COPY --chown=7:8 tree /made/up/tree
`
  const files = { file: 'f', 'tree/sub/leaf': 'l' }
  const tree = await (await scene.image({ dockerfile, files })).tree()
  assert.equal(modeAndOwner(tree, 'plain'), '644 0:0')
  assert.equal(modeAndOwner(tree, 'name'), '644 1234:77')
  assert.equal(modeAndOwner(tree, 'names'), '4711 1234:88')
  assert.equal(modeAndOwner(tree, 'number'), '644 5:5')
  assert.equal(modeAndOwner(tree, 'symbolic'), '744 0:0')
  assert.equal(modeAndOwner(tree, 'made/up/tree/sub/leaf'), '644 7:8')
  assert.equal(modeAndOwner(tree, 'made/up/tree/sub'), '755 7:8')
})

test('COPY leaves the mode of a directory that is there alone', async () => {
  const dockerfile = `${from}\nRUN mkdir -m 2750 /kept && chown 3:4 /kept\nCOPY tree /kept\nCOPY tree /tmp/\n`
  const tree = await (await scene.image({ dockerfile, files: { 'tree/leaf': 'l' } })).tree()
  assert.equal(modeAndOwner(tree, 'kept'), '2750 3:4')
  assert.equal(modeAndOwner(tree, 'tmp'), '1777 0:0')
  assert.equal(fileOf(tree, 'tmp/leaf').type, 'file')
})

test('COPY takes heredocs, expanded unless quoted', async () => {
  const dockerfile = `${from}
ARG NAME=world
COPY <<EOF /plain
hello $NAME
EOF
COPY --chmod=700 <<"EOF" <<-two.txt /several/
$NAME stays
EOF
	tabs go
two.txt
`
  const tree = await (await scene.image({ dockerfile: dockerfile.replace('\\$', '$') })).tree()
  assert.equal(fileOf(tree, 'plain').sha256, sha256('hello world\n'))
  assert.equal(fileOf(tree, 'several/EOF').sha256, sha256('$NAME stays\n'))
  assert.equal(fileOf(tree, 'several/two.txt').sha256, sha256('tabs go\n'))
  assert.equal(fileOf(tree, 'several/EOF').mode, '700')
})

test('COPY --from takes a stage by name or number, or an image', async () => {
  const other = `${scene.registry.host}/other:1`
  await scene.image({
    dockerfile: 'FROM scratch\nCOPY made /deep/made\n',
    files: { made: 'elsewhere' },
    args: ['-d', other],
  })
  const dockerfile = `FROM ${scene.busybox} AS First
RUN mkdir /out && echo one > /out/one && ln /out/one /out/same && ln -s one /out/soft && mkfifo /out/pipe && chown -R 5:6 /out
${from}
COPY --from=first /out /by-name
COPY --from=0 --chown=9 /out/one /by-number
COPY --from=${other} /deep/made /by-image
COPY --from=first /out/soft /followed
`
  const tree = await (await scene.image({ dockerfile })).tree()
  assert.equal(modeAndOwner(tree, 'by-name/one'), '644 5:6')
  assert.equal(fileOf(tree, 'by-name/same').sameAs, fileOf(tree, 'by-name/one').sameAs)
  assert.equal(fileOf(tree, 'by-name/soft').target, 'one')
  assert.equal(fileOf(tree, 'by-name/pipe').type, 'fifo')
  assert.equal(modeAndOwner(tree, 'by-number'), '644 9:9')
  assert.equal(fileOf(tree, 'by-image').sha256, sha256('elsewhere'))
  assert.equal(fileOf(tree, 'followed').sha256, sha256('one\n'))
})

test('.dockerignore keeps files out, and an ignore file of the Dockerfile goes before it', async () => {
  const files = {
    '.dockerignore': '*\n!kept\n!dir/in*\n',
    'other.Dockerfile': `${from}\nCOPY . /all/\n`,
    'other.Dockerfile.dockerignore': 'kept\n',
    kept: 'k',
    dropped: 'd',
    'dir/in': 'i',
    'dir/out': 'o',
  }
  const names = async (args: readonly string[]): Promise<readonly string[]> => {
    const tree = await (await scene.image({ dockerfile: `${from}\nCOPY . /all/\n`, files, args })).tree()
    return [...tree.keys()].filter((path) => path.startsWith('all/')).map((path) => path.slice('all/'.length))
  }
  assert.deepEqual([...(await names([]))].sort(), ['dir', 'dir/in', 'kept'])
  const own = await names(['--dockerfile', 'other.Dockerfile'])
  assert.ok(own.includes('dropped') && own.includes('dir/out') && !own.includes('kept'))
})

test('ADD unpacks local archives and takes files from the web as they are', async () => {
  const made = scene.newDirectory()
  mkdirSync(join(made, 'sub'))
  writeFileSync(join(made, 'sub/file'), 'packed')
  await run('tar', ['--owner=5', '--group=6', '--numeric-owner', '-C', made, '-cf', join(made, 'a.tar'), 'sub'])
  await run('tar', ['-C', made, '-czf', join(made, 'a.tgz'), 'sub'])

  const files = { 'a.tar': readFileSync(join(made, 'a.tar')), 'a.tgz': readFileSync(join(made, 'a.tgz')), plain: 'p' }
  await using server = await startHttpServer((request, response) => {
    response.setHeader('Last-Modified', 'Tue, 14 Nov 2023 22:13:20 GMT')
    if (request.url === '/dir/web.tar') response.end(files['a.tar'])
    else response.writeHead(404).end()
  })
  const dockerfile = `${from}
ADD a.tar /unpacked/
ADD a.tgz plain /both/
ADD http://${server.host}/dir/web.tar /web/
ADD --chmod=644 --chown=1:2 http://${server.host}/dir/web.tar /named
`
  const tree = await (await scene.image({ dockerfile, files })).tree()
  assert.equal(modeAndOwner(tree, 'unpacked/sub/file'), '644 5:6')
  assert.equal(fileOf(tree, 'both/sub/file').sha256, sha256('packed'))
  assert.equal(fileOf(tree, 'both/plain').sha256, sha256('p'))
  assert.equal(modeAndOwner(tree, 'web/web.tar'), '600 0:0')
  assert.equal(fileOf(tree, 'web/web.tar').mtime, '1700000000.000000000')
  assert.equal(modeAndOwner(tree, 'named'), '644 1:2')
})

test('a changed answer of the web is another layer, the same answer a cached one', async () => {
  let body = 'one'
  await using server = await startHttpServer((_request, response) => response.end(body))
  const directory = scene.newDirectory()
  const build = async (): Promise<string | undefined> => {
    const dockerfile = `${from}\nADD http://${server.host}/file /file\n`
    const args = ['--cache', '--cache-copy-layers', '--cache-dir', directory]
    return (await scene.image({ dockerfile, args })).layers.at(-1)
  }
  const [first, second] = [await build(), await build()]
  assert.equal(first, second)
  body = 'two'
  assert.notEqual(await build(), first)
})

test('WORKDIR makes directories, and metadata makes history without layers', async () => {
  const dockerfile = `${from}
WORKDIR /one
WORKDIR two
COPY file .
ENV A=1
LABEL b=2
EXPOSE 80
VOLUME /volume
CMD ["x"]
`
  const built = await scene.image({ dockerfile, files: { file: 'f' } })
  const { tree, config } = await built.read()
  assert.equal(fileOf(tree, 'one/two/file').type, 'file')
  assert.equal(config.config.WorkingDir, '/one/two')
  assert.equal(built.layers.length, 4)
  const own = (config.history ?? []).slice(1)
  assert.deepEqual(
    own.map((entry) => entry.empty_layer === true),
    [false, false, false, true, true, true, true, true],
  )
})

test('a wildcard may match nothing, which is said', async () => {
  const dockerfile = `${from}\nCOPY one none*.txt /some/\nCOPY none*.txt /nothing/\n`
  const built = await scene.image({ dockerfile, files: { one: '1' } })
  const tree = await built.tree()
  assert.deepEqual([tree.has('some/one'), tree.has('nothing')], [true, false])
  assert.equal((built.result.stderr.match(/WARN.*none\*\.txt matches nothing/g) ?? []).length, 2, built.result.stderr)
})
