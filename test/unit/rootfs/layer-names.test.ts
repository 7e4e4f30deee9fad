import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { LayerNames } from '../../../src/rootfs/layer-names.ts'
import type { RawPath } from '../../../src/tar/raw-path.ts'

const part = fc.constantFrom('a', 'b', 'ab', '\xff', '.wh.a', 'x'.repeat(70))
const path = fc.tuple(
  fc.array(part, { maxLength: 3 }).map((parts) => parts.join('/') as RawPath),
  part,
)

test('names are known in their own directory, together with the directories above them, whenever one asks', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(path, path), { maxLength: 60 }), (steps) => {
      const names = new LayerNames()
      const known = new Set<string>()
      for (const [[directory, name], [asked, other]] of steps) {
        names.add(directory, name)
        const parts = [...directory.split('/').filter(Boolean), name]
        for (let depth = 1; depth <= parts.length; depth += 1) known.add(parts.slice(0, depth).join('/'))
        const full = asked === '' ? other : `${asked}/${other}`
        assert.equal(names.has(asked, other), known.has(full), full)
        assert.equal(
          names.hasWithin(asked, other),
          [...known].some((one) => one.startsWith(`${full}/`)),
          full,
        )
      }
    }),
    { numRuns: 300, seed: 1 },
  )
})
