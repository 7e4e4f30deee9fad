import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { parseIgnoreFile } from '../../../src/dockerfile/ignore.ts'
import { recordOf } from '../../../src/rootfs/record.ts'
import { entriesOf, sourceAt } from '../../../src/rootfs/selected-source.ts'
import { rawPath } from '../../../src/tar/raw-path.ts'
import { propertyRuns } from '../../support/property-runs.ts'
import { removeDirectory, temporaryDirectory } from '../../support/temp.ts'
import { naivelyIgnores } from '../dockerfile/reference-ignore.ts'

const names = fc.constantFrom('a', 'b', 'ab', 'a.b')
const path = fc.array(names, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'))
const part = fc.constantFrom('a', 'b', 'ab', '*', '**', '?', 'a*', '*b', 'a?b', '**b', '*.b')
const pattern = fc.array(part, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'))
const line = fc.tuple(fc.boolean(), pattern).map(([isException, text]) => (isException ? `!${text}` : text))
const lines = fc.array(line, { maxLength: 5 })

test('random ignore files answer as a slow and plain matcher does', (t) => {
  fc.assert(
    fc.property(lines, path, (patterns, asked) => {
      assert.equal(parseIgnoreFile(patterns.join('\n')).ignores(asked), naivelyIgnores(patterns, asked))
    }),
    propertyRuns(t, 5000),
  )
})

test('of a random tree exactly the files are copied that a random ignore file leaves', (t) => {
  const directory = temporaryDirectory(t)
  fc.assert(
    fc.property(lines, fc.array(path, { minLength: 1, maxLength: 12 }), (patterns, paths) => {
      const root = mkdtempSync(join(directory, 'tree-'))
      const files = paths.filter((one) => make(root, one))
      const matcher = parseIgnoreFile(patterns.join('\n'))
      const filter = {
        ignores: (one: string) => matcher.ignores(one),
        prunes: (one: string) => matcher.prunes(one),
      }
      const top = recordOf(root, rawPath(''))
      assert.ok(top)
      const copied = [...entriesOf(sourceAt(root, top, filter))].filter(({ record }) => record.type === 'file')
      const left = new Set(files.filter((one) => !naivelyIgnores(patterns, one)))
      assert.deepEqual(copied.map(({ record }) => record.path as string).sort(), [...left].sort())
      removeDirectory(root)
    }),
    propertyRuns(t, 150),
  )
})

/** Makes a file unless something else has its name, or that of a directory above it. */
function make(root: string, file: string): boolean {
  try {
    mkdirSync(dirname(join(root, file)), { recursive: true })
    writeFileSync(join(root, file), '')
    return true
  } catch {
    return false
  }
}
