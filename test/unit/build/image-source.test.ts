import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { createImageSource } from '../../../src/build/image-source.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { writeOutputs } from '../../../src/output/output.ts'
import { registryTargets } from '../../../src/output/registry-target.ts'
import type { RegistryClient } from '../../../src/registry/registry-client.ts'
import { type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { localClient } from '../cache/local-client.ts'
import { keptLog } from '../cache/samples.ts'
import { sampleImage } from '../image/samples.ts'

const directory = temporaryDirectory({ after })
let registry: RunningRegistry
let client: RegistryClient & AsyncDisposable

before(async () => {
  registry = await startRegistry()
  client = localClient(keptLog().log)
})
after(async () => {
  await client[Symbol.asyncDispose]()
  await registry.stop()
})

test('the only image of a name is taken for any platform, and that it is of another one is said once', async () => {
  const kept = keptLog()
  const name = parseReference(`${registry.host}/only:1`)
  await writeOutputs(await sampleImage(directory), registryTargets([name], { client, log: kept.log }))
  const images = createImageSource({ client, warm: undefined, log: kept.log })
  await images.find(name, parsePlatform('linux/amd64'))
  const said = `INFO ${registry.host}/only:1 is for linux/amd64, not for linux/arm64: there is only this one image`
  assert.equal(kept.lines.includes(said), false)
  for (let i = 0; i < 2; i++) await images.find(name, parsePlatform('linux/arm64'))
  assert.equal(kept.lines.filter((line) => line === said).length, 1, kept.lines.join('\n'))
})
