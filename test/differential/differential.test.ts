import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { busyboxImage, debianImage, pushImage } from '../support/bases.ts'
import { buildah } from '../support/containers.ts'
import { build } from '../support/hearth.ts'
import { compareTrees, type ImageContents, readImage } from '../support/image-tree.ts'
import { type RunningRegistry, startRegistry } from '../support/registry.ts'
import { temporaryDirectory } from '../support/temp.ts'
import { caseNames, prepareCase } from './cases.ts'
import { compareConfigs } from './compare-config.ts'
import { knownDifferences } from './known-differences.ts'

const directory = temporaryDirectory({ after })
const tool = buildah(directory)
let registry: RunningRegistry
let baseArgs: readonly string[]

before(async () => {
  registry = await startRegistry()
  const busybox = await pushImage(await busyboxImage(directory), registry.host)
  const debian = await pushImage(debianImage(), registry.host)
  const token = join(directory, 'token')
  writeFileSync(token, 'not really secret\n')
  const bases = ['--build-arg', `BASE=${busybox}`, '--build-arg', `DEBIAN=${debian}`]
  baseArgs = [...bases, '--secret', `id=token,src=${token}`]
})
after(() => registry.stop())

test('there are enough cases to compare', () => {
  assert.ok(caseNames.length >= 15)
})

for (const name of caseNames) {
  test(`${name}: hearth and buildah make the same image`, async (t) => {
    const own = temporaryDirectory(t)
    const context = await prepareCase(name, own)
    const [ours, theirs] = await Promise.all([builtByHearth(context, own), builtByBuildah(name, context, own)])
    const differences = [...compareConfigs(ours.config, theirs.config), ...compareTrees(ours.tree, theirs.tree)]
    assert.deepEqual(
      differences.filter((line) => !isKnown(name, line)),
      [],
    )
    for (const { line, reason } of knownDifferences.filter((known) => known.name === name)) {
      assert.ok(
        differences.some((shown) => line.test(shown)),
        `no longer different: ${reason}`,
      )
    }
  })
}

function isKnown(name: string, line: string): boolean {
  return knownDifferences.some((known) => (known.name ?? name) === name && known.line.test(line))
}

async function builtByHearth(context: string, own: string): Promise<ImageContents> {
  const layout = join(own, 'ours')
  await build(['--context', context, '--no-push', '--oci-layout-path', layout, ...baseArgs], { cwd: own })
  return readImage(`oci:${layout}`, own)
}

/** In Docker's format, which has room for every instruction. */
async function builtByBuildah(name: string, context: string, own: string): Promise<ImageContents> {
  const form = ['--isolation', 'chroot', '--layers', '--format', 'docker', '--tls-verify=false', '--quiet']
  const image = `${registry.host}/theirs/${name}`
  mkdirSync(join(own, 'theirs'))
  // It keeps the directories of cache mounts below it.
  const env = { ...process.env, TMPDIR: own }
  await tool(['bud', ...form, ...baseArgs, '--tag', image, context], { env })
  await tool(['push', '--quiet', '--tls-verify=false', image, `docker://${image}`])
  return readImage(`docker://${image}`, join(own, 'theirs'))
}
