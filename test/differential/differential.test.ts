import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { temporaryDirectory } from '../support/temp.ts'
import { Builders, type Outcome } from './builders.ts'
import type { ImageCase, WrongCase } from './case.ts'
import { imageCases, prepareCase, refusedCases, wrongCases } from './cases.ts'
import { compareImages, unexpected } from './compare-images.ts'
import { isKnown, staleDifferences } from './known-differences.ts'

const directory = temporaryDirectory({ after })
let builders: Builders

before(async () => {
  builders = await Builders.open(directory)
})
after(() => builders?.[Symbol.asyncDispose]())

test('there are enough cases, and each has a name of its own and says what it pins', () => {
  const all = [...imageCases, ...wrongCases, ...refusedCases]
  assert.ok(imageCases.length >= 150 && wrongCases.length >= 40, `${imageCases.length}, ${wrongCases.length}`)
  assert.equal(new Set(all.map(({ name }) => name)).size, all.length)
  assert.deepEqual(
    all.filter(({ pins }) => pins === '').map(({ name }) => name),
    [],
  )
})

describe('Dockerfiles that build', { concurrency: 3 }, () => {
  for (const built of imageCases) {
    test(`${built.name}: ${built.pins}`, async (t) => {
      const context = await prepareCase(built, temporaryDirectory(t))
      if (built.rule === undefined) await buildBoth(built, context)
      else holds(imageOf(await builders.hearth(built, context)), built)
    })
  }
})

describe('Dockerfiles that do not build', { concurrency: 3 }, () => {
  for (const wrong of wrongCases) {
    test(`${wrong.name}: ${wrong.pins}`, async (t) => {
      const context = await prepareCase(wrong, temporaryDirectory(t))
      const [ours, theirs] = await Promise.all([builders.hearth(wrong, context), builders.buildah(wrong, context)])
      failsAsSaid(ours, wrong)
      assert.equal(theirs.kind, wrong.rule === undefined ? 'failed' : 'image', "buildah's outcome")
    })
  }
})

describe('Dockerfiles that ask for what is not supported', { concurrency: 3 }, () => {
  for (const refused of refusedCases) {
    test(`${refused.name}: ${refused.pins}`, async (t) => {
      failsAsSaid(await builders.hearth(refused, await prepareCase(refused, temporaryDirectory(t))), refused)
    })
  }
})

function failsAsSaid(outcome: Outcome, { fails }: WrongCase): void {
  if (outcome.kind === 'image') assert.fail('it is built')
  const { says } = outcome
  const line = /^ {2}where: Dockerfile:(\d+)/m.exec(says)?.[1]
  const found = { code: /^error\[(.+?)\]/m.exec(says)?.[1], line: line === undefined ? undefined : Number(line) }
  assert.deepEqual(found, { code: fails.code, line: fails.line }, says)
  assert.match(says, fails.says ?? /./)
}

async function buildBoth(built: ImageCase, context: string): Promise<void> {
  const [ours, theirs] = await Promise.all([builders.hearth(built, context), builders.buildah(built, context)])
  const image = imageOf(ours)
  holds(image, built)
  const differences = compareImages(image, imageOf(theirs))
  assert.deepEqual(
    differences.filter((line) => !isKnown(built.name, line)),
    [],
  )
  assert.deepEqual(staleDifferences(built.name, differences), [])
}

function holds(image: ReturnType<typeof imageOf>, { expect }: ImageCase): void {
  if (expect !== undefined) assert.deepEqual(unexpected(image, expect), [])
}

function imageOf(outcome: Outcome): Extract<Outcome, { kind: 'image' }>['image'] {
  if (outcome.kind === 'failed') assert.fail(outcome.says)
  return outcome.image
}
