import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { busyboxImage, pushImage } from '../../support/bases.ts'
import { readImage } from '../../support/image-tree.ts'
import { startRegistry } from '../../support/registry.ts'
import { startRegistryProxy } from '../../support/registry-proxy.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const directory = temporaryDirectory({ after })
const registry = await startRegistry()
after(() => registry.stop())

test('an image goes through the proxy in both directions', async () => {
  await using proxy = await startRegistryProxy(registry.host)
  const reference = await pushImage(await busyboxImage(directory), proxy.host)
  const { tree } = await readImage(`docker://${reference}`, directory)
  assert.equal(tree.get('bin/sh')?.target, 'busybox')
})

test('the proxy fails and cuts as many answers as it was told', async () => {
  await using proxy = await startRegistryProxy(registry.host)
  const url = `http://${proxy.host}/v2/`
  proxy.failNext(2, (request) => request === 'GET /v2/')
  const statuses = [await fetch(url), await fetch(url), await fetch(url)].map((answer) => answer.status)
  assert.deepEqual(statuses, [503, 503, 200])
  proxy.cutNext(1, () => true)
  await assert.rejects(fetch(url).then((answer) => answer.text()))
  assert.equal(await (await fetch(url)).text(), '{}')
})
