import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { expandWord } from '../../../src/dockerfile/expand.ts'
import { propertyRuns } from '../../support/property-runs.ts'
import { evaluated, values, word, written } from './reference-expansion.ts'

test('a random word of all forms, nested and quoted, comes to what a slow and plain evaluator says', (t) => {
  fc.assert(
    fc.property(word, values, (parts, scope) => {
      const raw = written(parts)
      const found = expandWord(raw, (name) => scope[name as keyof typeof scope], { escape: '\\' })
      assert.equal(found, evaluated(parts, scope), raw)
    }),
    propertyRuns(t, 3000),
  )
})
