import assert from 'node:assert/strict'
import { before, test } from 'node:test'
import { podman } from '../support/containers.ts'
import { cacheSummary } from '../support/hearth.ts'
import { addDebian, type BuiltImage, openScene } from '../support/scene.ts'
import { modeAndOwner } from './files.ts'

const scene = await openScene()
const dockerfile = (debian: string): string => `
FROM ${debian} AS build
RUN dpkg --list > /packages && perl -e 'print "perl works\\n"' > /from-perl
FROM ${debian}
RUN useradd --create-home --groups users alice && install -d -o alice -g users -m 2750 /srv/data
RUN dpkg --purge --force-depends --force-remove-essential mount
COPY --from=build --chown=alice:users /from-perl /packages /srv/data/
USER alice
WORKDIR /srv/data
CMD ["cat", "from-perl"]
`
const cache = ['--cache', '--cache-copy-layers', '--cache-dir', scene.newDirectory()]
const reference = `${scene.registry.host}/debian/app:1`
let built: BuiltImage
let debian: string
before(async () => {
  debian = await addDebian(scene)
  built = await scene.image({ dockerfile: dockerfile(debian), args: ['-d', reference, ...cache] })
})

test('a Debian image is built, pulled and run', async () => {
  const container = podman(scene.directory)
  await container.command(['pull', '--quiet', '--tls-verify=false', reference])
  const ran = await container.run(reference)
  assert.deepEqual([ran.code, ran.stdout], [0, 'perl works\n'], ran.stderr)
  const who = await container.run(reference, ['id', '-nG'])
  assert.equal(who.stdout.trim(), 'alice users')
})

test('the image keeps what Debian has, adds what was made and drops what was removed', async () => {
  const tree = await built.tree()
  assert.equal(modeAndOwner(tree, 'usr/bin/passwd'), '4755 0:0')
  assert.equal(modeAndOwner(tree, 'srv/data'), '2750 1000:100')
  assert.equal(tree.has('usr/bin/mount'), false)
  assert.equal(tree.get('bin')?.target, 'usr/bin')
  assert.equal(tree.get('dev/null')?.device, '1:3')
})

test('the second build unpacks nothing and is done in a moment', async () => {
  const again = await scene.image({ dockerfile: dockerfile(debian), args: ['-d', reference, ...cache] })
  assert.equal(cacheSummary(again.result).misses, 0)
  assert.equal(again.digest, built.digest)
  assert.ok(
    again.result.seconds < built.result.seconds / 2,
    `${again.result.seconds} s, first ${built.result.seconds} s`,
  )
})
