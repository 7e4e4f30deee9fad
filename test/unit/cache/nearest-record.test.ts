import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearestSteps, type PastStep, type ToldStep } from '../../../cache/nearest-record.ts'

const others: ReadonlySet<string> = new Set()

interface Sample {
  readonly text?: string
  readonly parent?: string
  readonly stage?: string
  readonly position?: number
  readonly destination?: string
  /** Days of March 2026. */
  readonly used?: number
}

function sample({ text = 'COPY a /', parent = 'k1', stage = 'build', position = 0, ...more }: Sample): PastStep {
  const { destination = '/', used = 1 } = more
  const fields = { sources: ['a'], destination }
  return {
    text,
    record: { version: 1, parent, platform: 'linux/amd64', instruction: 'COPY', fields },
    about: { dockerfile: 'Dockerfile', stage, position, line: 1, args: [], names: {} },
    lastUsed: new Date(Date.UTC(2026, 2, used)),
  }
}

const step: ToldStep = sample({})

/** Which of the past steps is nearest, by its index. */
function nearest(past: readonly Sample[], now = step): number {
  const steps = past.map(sample)
  const [found] = nearestSteps(now, steps, { others })
  return found === undefined ? -1 : steps.indexOf(found)
}

test('of equals the most recent one is nearest', () => {
  assert.equal(nearest([{ used: 1 }, { used: 3 }, { used: 2 }]), 1)
})

test('a step on the same below is nearer than a newer one on something else', () => {
  assert.equal(nearest([{ parent: 'k1' }, { parent: 'k2', used: 9 }]), 0)
})

test('a step at the same place is nearer than one with the same text in another stage', () => {
  assert.equal(nearest([{ stage: 'other', used: 9 }, {}]), 1)
})

test('a step of the same text elsewhere is found, and one with more of the same options is nearer', () => {
  assert.equal(nearest([{ parent: 'k2', position: 4 }]), 0)
  assert.equal(nearest([{ parent: 'k2', destination: '/b', used: 9 }, { parent: 'k2' }]), 1)
})

test('a step at the same place whose text is another one altogether is not near', () => {
  assert.equal(nearest([{ text: 'COPY --chown=1 x y z', parent: 'k2' }]), -1)
  assert.equal(nearest([]), -1)
})

test('a step at the same place with some of the words is the same one, edited', () => {
  assert.equal(nearest([{ text: 'COPY b /', parent: 'k2' }]), 0)
})

test('a step that stands elsewhere in the stage now is another one', () => {
  const past = [sample({ text: 'COPY b /' })]
  assert.deepEqual(nearestSteps(step, past, { others: new Set(['COPY b /']) }), [])
})

test('what was below the step before counts as the same below', () => {
  const past = [sample({ parent: 'other', used: 9 }), sample({ parent: 'old' })]
  assert.deepEqual(nearestSteps(sample({ parent: 'new' }), past, { others, parents: ['new', 'old'] }), [past[1]])
})

test('steps of other kinds are never near', () => {
  const { record, ...rest } = sample({})
  assert.deepEqual(nearestSteps(step, [{ ...rest, record: { ...record, instruction: 'ADD' } }], { others }), [])
})
