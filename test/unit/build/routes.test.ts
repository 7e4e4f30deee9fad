import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { FileTables } from '../../../cache/file-tables.ts'
import { Trouble } from '../../../cache/trouble.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { keptLog } from '../cache/samples.ts'
import { richBase } from './routes/bases.ts'
import { fillContext, routeCases } from './routes/cases.ts'
import { RouteScene } from './routes/scene.ts'

const directory = temporaryDirectory({ after })
const scene = new RouteScene(directory)
const context = join(directory, 'context')
const { log, warnings } = keptLog()
const writing = new Trouble(log, 'Nothing can be written')

before(async () => {
  await scene.addImage('base', richBase)
  mkdirSync(context)
  fillContext(context)
})
after(() => {
  assert.deepEqual(warnings(), [])
  return scene.http[Symbol.asyncDispose]()
})

for (const { name, dockerfile, fails, ...options } of routeCases) {
  test(`the same comes of a build with and without roots: ${name}`, async () => {
    const unpacked = await scene.attempt(context, dockerfile, { ...options, unpackAll: true })
    const computed = await scene.attempt(context, dockerfile, { ...options, unpackAll: false })
    assert.deepEqual(computed, unpacked)
    // The first case fills the tables, all others find the base there.
    const tables = new FileTables({ directory: join(directory, 'cache'), readOnly: false, log, writing })
    const known = await scene.attempt(context, dockerfile, { ...options, unpackAll: false, tables })
    await tables.settled()
    assert.deepEqual(known, unpacked)
    if (fails === undefined) assert.equal(computed.kind, 'built', JSON.stringify(computed))
    else assert.match(computed.kind === 'failed' ? computed.message + (computed.why ?? '') : '', fails)
  })
}
