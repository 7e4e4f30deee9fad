import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { run } from '../support/command.ts'
import { cacheSummary } from '../support/hearth.ts'
import { startHttpServer } from '../support/http-server.ts'
import type { ImageTree } from '../support/image-tree.ts'
import { openScene } from '../support/scene.ts'
import { fileOf, modeAndOwner, sha256 } from './files.ts'

const scene = await openScene()
const from = `FROM ${scene.busybox}`

function below(tree: ImageTree, directory: string): readonly string[] {
  return [...tree.keys()]
    .filter((path) => path.startsWith(`${directory}/`))
    .map((path) => path.slice(directory.length + 1))
}

const application = {
  'app/main.js': 'main',
  'app/main.test.js': 'test',
  'app/lib/one.js': 'one',
  'app/lib/one.test.js': 'test',
  'app/node_modules/x.js': 'x',
  'other/readme.md': 'readme',
}

test('COPY --exclude leaves out what its patterns match below each source', async () => {
  const dockerfile = `${from} AS build
ARG TESTS=**/*.test.js
COPY --exclude=$TESTS --exclude=node_modules app /app
RUN mkdir /out && cp -r /app /out/ && touch /out/app/skip.log
${from}
COPY --from=build --exclude=*/*.log --exclude=app/lib /out /copied
COPY --exclude=*.md other/* app/*.js /files/
ADD --exclude=lib app /added
`
  const tree = await (await scene.image({ dockerfile, files: application })).tree()
  assert.deepEqual(below(tree, 'copied'), ['app', 'app/main.js'])
  assert.deepEqual(below(tree, 'files'), ['main.js', 'main.test.js'])
  assert.deepEqual(below(tree, 'added'), ['main.js', 'main.test.js', 'node_modules', 'node_modules/x.js'])
})

test('a change of what is left out changes nothing', async () => {
  const dockerfile = `${from}\nCOPY --exclude=**/*.test.js app /app\n`
  const args = ['--cache', '--cache-dir', scene.newDirectory()]
  const first = await scene.image({ dockerfile, files: application, args })
  const second = await scene.image({ dockerfile, files: { ...application, 'app/lib/one.test.js': 'another' }, args })
  assert.deepEqual([cacheSummary(second.result).misses, second.layers], [0, first.layers])
  const third = await scene.image({ dockerfile, files: { ...application, 'app/lib/one.js': 'another' }, args })
  assert.equal(cacheSummary(third.result).misses, 1)
  const other = dockerfile.replace('**/*.test.js', '**/*.js')
  assert.equal(cacheSummary((await scene.image({ dockerfile: other, files: application, args })).result).misses, 1)
})

test('COPY --parents keeps the directories of sources, with their modes, and those behind the pivot only', async () => {
  const dockerfile = `${from} AS build
RUN mkdir -p /a/b/c && chmod 2710 /a/b && chown 5:6 /a/b && echo c > /a/b/c/file && ln -s /a /link
RUN mkdir -m 700 -p /old/b && chown 9:9 /old/b
COPY --parents app/main.js app/*/one.js /new/
COPY --parents app/./lib/*.test.js /pivot/
RUN test -f /new/app/lib/one.js
${from}
COPY --parents --from=build /a/b/c/file /whole/
COPY --parents --from=build /link/./b/c/file /part/
COPY --from=build /old /new /pivot /merged/
COPY --parents --from=build /a/./b/c/file /merged/
COPY --parents --chown=7:8 --chmod=750 --from=build /a/**/file /owned/
`
  const tree = await (await scene.image({ dockerfile, files: application })).tree()
  assert.deepEqual(below(tree, 'whole'), ['a', 'a/b', 'a/b/c', 'a/b/c/file'])
  assert.equal(modeAndOwner(tree, 'whole/a/b'), '2710 5:6')
  assert.deepEqual(below(tree, 'part'), ['b', 'b/c', 'b/c/file'])
  assert.equal(modeAndOwner(tree, 'part/b'), '2710 5:6')
  // A directory that is there gets the mode only.
  assert.equal(modeAndOwner(tree, 'merged/b'), '2710 9:9')
  for (const name of ['app/main.js', 'app/lib/one.js', 'lib/one.test.js']) fileOf(tree, `merged/${name}`)
  assert.equal(modeAndOwner(tree, 'owned/a/b'), '750 7:8')
  assert.equal(modeAndOwner(tree, 'owned/a/b/c/file'), '750 7:8')
})

test('a layer of COPY --link is cached whatever it lies on', async () => {
  const args = ['--cache', '--cache-dir', scene.newDirectory()]
  const text = (below: string): string => `${from} AS build
RUN echo built > /built
${from}
RUN echo ${below} > /below
COPY --link app /app
COPY --link --from=build /built /app/
RUN cat /app/built /below > /both
`
  const first = await scene.image({ dockerfile: text('one'), files: application, args })
  const second = await scene.image({ dockerfile: text('two'), files: application, args })
  // The two commands of the stage run again, the copies do not.
  assert.deepEqual([cacheSummary(first.result).misses, cacheSummary(second.result).misses], [5, 2])
  assert.deepEqual(second.layers.slice(2, 4), first.layers.slice(2, 4))
  assert.notEqual(second.layers[1], first.layers[1])
  const tree = await second.tree()
  assert.equal(fileOf(tree, 'both').sha256, sha256('built\ntwo\n'))
  assert.deepEqual(below(tree, 'app').includes('lib/one.js'), true)
})

test('a layer of COPY --link is the same on every base, and asks for no files of it', async () => {
  const args = ['--reproducible']
  const files = { ...application, 'a.tar': '' }
  const copies = 'COPY --link app /srv/x/\nADD --link --exclude=*.md other /srv/y/\nCOPY --link <<f /srv/\ntext\nf\n'
  const onBusybox = await scene.image({ dockerfile: `${from}\n${copies}`, files, args })
  const onCommand = await scene.image({ dockerfile: `${from}\nRUN mkdir -m 700 /srv\n${copies}`, files, args })
  const onNothing = await scene.image({ dockerfile: `FROM scratch\n${copies}`, files, args })
  const added = onBusybox.layers.slice(1)
  assert.equal(added.length, 3)
  assert.deepEqual(onCommand.layers.slice(2), added)
  assert.deepEqual(onNothing.layers, added)

  const before = scene.registry.log().length
  const again = await scene.attempt({ dockerfile: `${from}\n${copies}`, files, args: [...args, '--no-push'] })
  assert.equal(again.code, 0, again.stderr)
  assert.equal(scene.registry.log().slice(before).includes(`/v2/busybox/blobs/${onBusybox.layers[0]}`), false)
})

for (const [how, args] of [
  ['each step', []],
  ['one layer', ['--single-snapshot']],
] as const) {
  test(`COPY --link makes directories where symlinks were (${how})`, async () => {
    const dockerfile = `${from}
RUN mkdir -p /real && echo old > /real/old && ln -s /real /followed && ln -s /real /linked
COPY other/readme.md /followed/
COPY --link other/readme.md /linked/
RUN test ! -L /linked && test ! -e /linked/old && echo after > /linked/after
`
    const tree = await (await scene.image({ dockerfile, files: application, args })).tree()
    assert.equal(fileOf(tree, 'followed').type, 'symlink')
    assert.deepEqual(below(tree, 'real'), ['old', 'readme.md'])
    assert.equal(fileOf(tree, 'linked').type, 'directory')
    assert.deepEqual(below(tree, 'linked'), ['after', 'readme.md'])
  })
}

test('COPY --link needs owners by number, and stands back for --chmod', async () => {
  const named = await scene.attempt({
    dockerfile: `${from}\nCOPY --link --chown=web app /\n`,
    files: application,
    args: ['--no-push'],
  })
  assertClearError(named, [/--chown=web needs numbers together with --link/])
  const dockerfile = `${from}\nRUN ln -s /tmp /linked\nCOPY --link --chmod=600 other/readme.md /linked/\n`
  const { result, tree } = await scene.image({ dockerfile, files: application })
  assert.match(result.stderr, /line 3: --link does nothing beside --chmod/)
  assert.equal(fileOf(await tree(), 'linked').type, 'symlink')
})

test('ADD unpacks every compression, and what --unpack says', async () => {
  const made = scene.newDirectory()
  mkdirSync(join(made, 'sub'))
  writeFileSync(join(made, 'sub/file'), 'packed')
  const archive = async (option: string): Promise<Buffer> => {
    await run('tar', ['-C', made, option, '-cf', join(made, 'a'), 'sub'])
    return readFileSync(join(made, 'a'))
  }
  const files = {
    'a.xz': await archive('-J'),
    'a.bz2': await archive('-j'),
    'a.zst': await archive('--zstd'),
    text: 'BZh9 text',
  }
  await using server = await startHttpServer((request, response) => {
    response.end(request.url === '/a.tar.xz' ? files['a.xz'] : 'no archive')
  })
  const sum = `sha256:${sha256(files['a.xz'])}`
  const dockerfile = `${from}
ADD a.xz /xz/
ADD a.bz2 text /bzip2/
ADD a.zst /zstd/
ADD --unpack=false a.xz a.bz2 /whole/
ADD --unpack --checksum=${sum} --chown=3:4 http://${server.host}/a.tar.xz /web/
ADD --unpack http://${server.host}/plain /web/
ADD http://${server.host}/a.tar.xz /web/whole/
`
  const args = ['--cache', '--cache-dir', scene.newDirectory()]
  const image = await scene.image({ dockerfile, files, args })
  const tree = await image.tree()
  for (const name of ['xz', 'bzip2', 'zstd', 'web']) {
    assert.equal(fileOf(tree, `${name}/sub/file`).sha256, sha256('packed'))
  }
  assert.equal(modeAndOwner(tree, 'web/sub/file'), '644 3:4')
  assert.equal(fileOf(tree, 'bzip2/text').sha256, sha256('BZh9 text'))
  assert.equal(fileOf(tree, 'web/plain').sha256, sha256('no archive'))
  assert.deepEqual(below(tree, 'whole'), ['a.bz2', 'a.xz'])
  assert.deepEqual(below(tree, 'web/whole'), ['a.tar.xz'])
  const again = await scene.image({ dockerfile: dockerfile.replace('--unpack=false ', ''), files, args })
  assert.equal(cacheSummary(again.result).misses, 4)
})
