import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pushImage } from '../support/bases.ts'
import { warm } from '../support/hearth.ts'
import { onlyDigest, writeKanikoArchive, writeKanikoLayout } from '../support/kaniko-cache.ts'
import { startRegistry } from '../support/registry.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const { host } = scene.registry
const source = { ...scene.busyboxLayout, digest: onlyDigest(scene.busyboxLayout.layout) }
const forms = { archive: async (cache: string) => writeKanikoArchive(cache, source), layout: writeLayout }

function writeLayout(cache: string): Promise<string> {
  return writeKanikoLayout(cache, source)
}

function kanikoFiles(cache: string): string {
  const find = ['-maxdepth', '4', '-path', './sha256:*', '-printf', '%p %s %m %T@ %C@ %n\\n']
  return execFileSync('find', ['.', ...find], { cwd: cache, encoding: 'utf8' })
}

for (const [form, write] of Object.entries(forms)) {
  test(`a build finds its base in the ${form} that kaniko has warmed: by tag, and by digest without any network`, async () => {
    const cache = scene.newDirectory()
    await write(cache)
    const before = kanikoFiles(cache)
    const args = ['--cache', '--cache-dir', cache, '--reproducible']
    const logged = scene.registry.log().length
    const dockerfile = (base: string): string => `FROM ${base}\nRUN echo made > /made\n`
    const byTag = await scene.image({ dockerfile: dockerfile(scene.busybox), args })
    const asked = scene.registry.log().slice(logged)
    assert.ok(byTag.layers[0])
    assert.doesNotMatch(asked, new RegExp(`GET /v2/busybox/blobs/${byTag.layers[0]}`))
    assert.match(asked, /GET \/v2\/busybox\/manifests/)

    const gone = await startRegistry()
    await gone.stop()
    const pinned = `${gone.host}/busybox@${source.digest}`
    const byDigest = await scene.image({ dockerfile: dockerfile(pinned), args })
    const without = await scene.image({ dockerfile: dockerfile(scene.busybox), args: ['--reproducible'] })
    assert.deepEqual([byTag.digest, byDigest.digest], [without.digest, without.digest])
    assert.equal(kanikoFiles(cache), before)
    const blobs = readdirSync(join(cache, 'blobs/sha256')).map((hex) => `sha256:${hex}`)
    assert.ok(!blobs.includes(byTag.layers[0]), 'the base is not stored twice')
  })

  test(`the warmer transfers no layer that is in the ${form} of kaniko, and what it warms needs no registry`, async () => {
    const registry = await startRegistry()
    after(() => registry.stop())
    const tagged = await pushImage(scene.busyboxLayout, registry.host)
    const cache = scene.newDirectory()
    await write(cache)
    const before = kanikoFiles(cache)
    const logged = registry.log().length
    const { stderr } = await warm(['-i', tagged, '-c', cache])
    assert.match(stderr, /warmed, sha256:[0-9a-f]+, nothing to transfer/)
    const config = registry
      .log()
      .slice(logged)
      .match(/GET \/v2\/busybox\/blobs/g)
    assert.equal(config?.length, 1, 'the configuration alone')
    assert.equal(kanikoFiles(cache), before)
    await registry.stop()
    await scene.image({ dockerfile: `FROM ${tagged}\nRUN true\n`, args: ['--cache', '--cache-dir', cache] })
    await warm(['-i', `${registry.host}/busybox@${source.digest}`, '-c', cache])
  })
}

test('a directory that kaniko has warmed serves builds that may not write to it', async () => {
  const cache = scene.newDirectory()
  await writeLayout(cache)
  const built = await scene.image({
    dockerfile: `FROM ${host}/busybox@${source.digest}\nRUN echo made > /made\n`,
    args: ['--cache', '--cache-dir', cache],
    surroundings: { readOnly: [cache] },
  })
  assert.equal((await built.tree()).get('made')?.type, 'file')
  assert.doesNotMatch(built.result.stderr, /kaniko in .* is damaged/)
})
