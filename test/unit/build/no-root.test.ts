import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import type { Isolation } from '../../../src/run/isolation.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { richBase } from './routes/bases.ts'
import { fillContext } from './routes/cases.ts'
import { inWorkDirectory, RouteScene } from './routes/scene.ts'

const directory = temporaryDirectory({ after })
const scene = new RouteScene(directory)
const context = join(directory, 'context')

before(async () => {
  await scene.addImage('base', richBase)
  mkdirSync(context)
  fillContext(context)
})
after(() => scene.http[Symbol.asyncDispose]())

/** Fails for whoever asks how commands are run. */
const untouchable: Isolation = new Proxy({} as Isolation, {
  get(_, name) {
    throw new Error(`isolation.${String(name)} was asked for`)
  },
})

/** Builds without roots; gives the layers that were opened, and what the work directory holds at the end. */
async function traces(...lines: readonly string[]): Promise<{ opened: readonly number[]; files: readonly string[] }> {
  const digests: string[] = []
  let files: readonly string[] = []
  const outcome = await scene.attempt(context, lines.join('\n'), {
    unpackAll: false,
    isolation: untouchable,
    onOpened: ({ diffID }) => digests.push(diffID),
    atEnd: (workDir) => {
      files = inWorkDirectory(workDir)
    },
  })
  assert.equal(outcome.kind, 'built', JSON.stringify(outcome))
  const first = [...new Set(digests)]
  return { opened: digests.map((digest) => first.indexOf(digest)), files }
}

test('a stage on scratch reads no layer and needs no isolation', async () => {
  assert.deepEqual(await traces('FROM scratch', 'COPY . /app', 'WORKDIR /x'), { opened: [], files: [] })
})

test('a stage without steps reads no layer of its base', async () => {
  assert.deepEqual(await traces('FROM base', 'ENV a=b'), { opened: [], files: [] })
})

test('a COPY onto a base reads each of its layers once and writes nothing of them, also for names of owners', async () => {
  const lines = ['FROM base', 'COPY . /app', 'COPY --chown=web:staff dir /lib', 'USER web', 'WORKDIR /srv/x']
  assert.deepEqual(await traces(...lines), { opened: [0, 1, 2], files: [] })
})

test('stages on one base read its layers once', async () => {
  const lines = ['FROM base AS one', 'COPY dir /app', 'FROM base AS two', 'COPY one /', 'FROM two', 'COPY dir /x']
  assert.deepEqual(await traces(...lines), { opened: [0, 1, 2], files: [] })
})

test('COPY --from an image reads its layers once and keeps their tars, unpacked are none', async () => {
  const { opened, files } = await traces('FROM scratch', 'COPY --from=base /etc /etc', 'COPY --from=base /usr /usr')
  assert.deepEqual(opened, [0, 1, 2])
  assert.equal(files.length, 3)
  for (const file of files) assert.match(file, /^[^/]+\.tar$/)
})

test('an archive is kept as one tar', async () => {
  const { files } = await traces('FROM scratch', 'ADD archive.tar.gz /')
  assert.deepEqual([files.length, files[0]?.endsWith('.tar')], [1, true])
})
