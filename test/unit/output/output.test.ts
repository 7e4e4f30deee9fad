import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { HearthError } from '../../../src/errors.ts'
import { finishImage } from '../../../src/image/image.ts'
import { type BlobTarget, copyImage } from '../../../src/output/copy-image.ts'
import { dockerArchive } from '../../../src/output/docker-archive.ts'
import { ociLayoutTarget } from '../../../src/output/oci-layout-target.ts'
import { type Output, writeOutputs } from '../../../src/output/output.ts'
import { skopeo } from '../../support/image-tree.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { imageOf, makeLayer, newStore, sampleImage } from '../image/samples.ts'

/** A target that remembers what it is given, in order. */
function recording(o: { readonly putBlob?: (digest: string, signal: AbortSignal | undefined) => Promise<void> } = {}) {
  const seen: string[] = []
  const target: BlobTarget = {
    async putBlob({ descriptor }, { signal }) {
      await o.putBlob?.(descriptor.digest, signal)
      seen.push(descriptor.digest)
    },
    async putManifest({ manifestDescriptor }) {
      seen.push(manifestDescriptor.digest)
    },
  }
  return { seen, target }
}

test('every blob is handed over once, and the manifest last', async (t) => {
  const directory = temporaryDirectory(t)
  const layer = await makeLayer(newStore(directory), directory, { file: 'x' })
  const image = finishImage(imageOf([layer, layer]))
  const { seen, target } = recording()
  await copyImage(image, target, { parallel: 4 })
  assert.deepEqual(seen.slice(0, -1).sort(), [image.configDescriptor.digest, layer.descriptor.digest].sort())
  assert.equal(seen.at(-1), image.manifestDescriptor.digest)
})

test('no more blobs are on their way at once than asked for', async (t) => {
  const directory = temporaryDirectory(t)
  const store = newStore(directory)
  const layers = await Promise.all([1, 2, 3, 4, 5].map((n) => makeLayer(store, directory, { file: `${n}` })))
  const now = { running: 0, most: 0 }
  const { target } = recording({
    putBlob: async () => {
      now.running += 1
      now.most = Math.max(now.most, now.running)
      await sleep(5)
      now.running -= 1
    },
  })
  await copyImage(finishImage(imageOf(layers)), target, { parallel: 2 })
  assert.equal(now.most, 2)
})

test('the first failure ends the other transfers, and no manifest follows', async (t) => {
  const directory = temporaryDirectory(t)
  const image = await sampleImage(directory)
  const failing = image.layers[1]?.descriptor.digest
  const { seen, target } = recording({
    putBlob: async (digest, signal) => {
      if (digest === failing) throw new Error('no room')
      await sleep(60_000, undefined, signal === undefined ? {} : { signal })
    },
  })
  await assert.rejects(copyImage(image, target, { parallel: 3 }), /no room/)
  assert.deepEqual(seen, [])
})

test('an abort reaches the transfers and is what is thrown', async (t) => {
  const image = await sampleImage(temporaryDirectory(t))
  const abort = new AbortController()
  const { seen, target } = recording({
    putBlob: async (_digest, signal) => {
      abort.abort(new Error('stop now'))
      await sleep(60_000, undefined, signal === undefined ? {} : { signal })
    },
  })
  await assert.rejects(copyImage(image, target, { parallel: 3, signal: abort.signal }), /stop now/)
  assert.deepEqual(seen, [])
})

test('an output that fails does not stop the others, and its error is thrown when all have ended', async (t) => {
  const directory = temporaryDirectory(t)
  const image = await sampleImage(directory)
  const bad: Output = {
    title: 'bad',
    write: () => Promise.reject(new HearthError({ code: 'output-failed', message: 'bad failed' })),
  }
  const path = join(directory, 'image.tar')
  const layout = join(directory, 'layout')
  const good = [dockerArchive({ path, tags: [] }), ociLayoutTarget({ directory: layout, name: 'app' })]
  await assert.rejects(writeOutputs(image, [bad, ...good]), /^HearthError: bad failed$/)
  await skopeo(['inspect', `docker-archive:${path}`])
  await skopeo(['inspect', `oci:${layout}:app`])
})

test('several failures are one error that tells them all', async (t) => {
  const image = await sampleImage(temporaryDirectory(t))
  const failing = (title: string, why?: string): Output => {
    const error = new HearthError({ code: 'registry-refused', message: `${title} failed`, why })
    return { title, write: () => Promise.reject(error) }
  }
  await assert.rejects(writeOutputs(image, [failing('one', 'because'), failing('two'), failing('three')]), (error) => {
    assert.ok(error instanceof HearthError)
    assert.deepEqual([error.code, error.message], ['registry-refused', 'one failed'])
    assert.equal(error.why, 'because; also failed: two: two failed; three: three failed')
    return true
  })
})

test('no outputs are no failure', async (t) => {
  await writeOutputs(await sampleImage(temporaryDirectory(t)), [])
})
