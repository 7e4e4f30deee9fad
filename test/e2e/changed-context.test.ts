import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { makeContext } from '../support/context.ts'
import { build, cacheSummary, hearth } from '../support/hearth.ts'
import { startHttpServer } from '../support/http-server.ts'
import { readImage } from '../support/image-tree.ts'
import { temporaryDirectory } from '../support/temp.ts'

const directory = temporaryDirectory({ after })
const body = 'from the web'
let onRequest = (): void => {}
const server = await startHttpServer((_request, response) => {
  onRequest()
  response.end(body)
})
after(() => server[Symbol.asyncDispose]())

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** With a checksum the download waits for its step, when the files of the context have been digested. */
const dockerfile = `FROM scratch
ADD --checksum=sha256:${sha256(body)} http://${server.host}/file /web
COPY file /file
`

test('no layer is kept for a file that changed after the cache was asked for it', async () => {
  const context = makeContext(directory, { Dockerfile: dockerfile, file: 'old' })
  const args = ['-c', context, '--no-push', '--cache', `--cache-dir=${join(directory, 'cache')}`]
  onRequest = () => writeFileSync(join(context, 'file'), 'new')
  const failed = await hearth(args)
  assert.equal(failed.code, 1, failed.stderr)
  assert.match(failed.stderr, /copy-source.*\/file changed while the image was built\n.*Dockerfile:3/)
  onRequest = () => {}
  writeFileSync(join(context, 'file'), 'old')
  const layout = join(directory, 'layout')
  const result = await build([...args, '--oci-layout-path', layout])
  assert.deepEqual(cacheSummary(result), { local: 1, remote: 0, misses: 1 })
  assert.equal((await readImage(`oci:${layout}`, directory)).tree.get('file')?.sha256, sha256('old'))
})

test('without a cache the file is copied as it is when its turn comes', async () => {
  const context = makeContext(directory, { Dockerfile: dockerfile, file: 'old' })
  onRequest = () => writeFileSync(join(context, 'file'), 'new')
  const layout = join(directory, 'uncached')
  await build(['-c', context, '--no-push', '--oci-layout-path', layout])
  assert.equal((await readImage(`oci:${layout}`, directory)).tree.get('file')?.sha256, sha256('new'))
})
