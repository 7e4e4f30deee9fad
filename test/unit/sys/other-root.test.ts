import assert from 'node:assert/strict'
import { realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { run } from '../../support/command.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const source = realpathSync(join(import.meta.dirname, '../../../src/sys/other-root.ts'))

test('work in another root sees that one, and afterwards the process is back, also when the work failed', async (t) => {
  const directory = temporaryDirectory(t)
  writeFileSync(join(directory, 'only-here'), '')
  // Its root is that of the whole process: a program of its own.
  const script = `
    import { existsSync } from 'node:fs'
    import { withRoot } from '${source}'
    const seen = () => [existsSync('/only-here'), existsSync('only-here'), existsSync('/proc/self')]
    const failing = () => withRoot(process.argv[1], () => { throw new Error('failed') })
    const results = [withRoot(process.argv[1], seen), seen()]
    try { failing() } catch (error) { results.push(error.message, seen()) }
    console.log(JSON.stringify(results))`
  const said = await run(process.execPath, ['--input-type=module', '-e', script, directory])
  assert.deepEqual(JSON.parse(said), [[true, true, false], [false, false, true], 'failed', [false, false, true]])
})
