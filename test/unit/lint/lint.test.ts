import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '../../../src/dockerfile/parse.ts'
import { HearthError } from '../../../src/errors.ts'
import { buildChecks, opinions } from '../../../src/lint/all-rules.ts'
import { checksOf, unknownRules } from '../../../src/lint/lint.ts'
import { findingsIn, type Wanted } from './linting.ts'

const text = 'FROM alpine as Base\nCMD x\n'

function rulesIn(dockerfile: string, wanted: Wanted = {}): readonly string[] {
  return findingsIn(dockerfile, wanted).map(({ rule }) => rule)
}

test('findings come in the order of lines and columns', () => {
  assert.deepEqual(rulesIn(text), [
    'LatestBaseImage',
    'UnpinnedBaseImage',
    'FromAsCasing',
    'StageNameCasing',
    'JSONArgsRecommended',
  ])
})

test('rules are skipped by name, whosever they are, and all at once', () => {
  assert.deepEqual(rulesIn(`# check=skip=FromAsCasing, LatestBaseImage,UnpinnedBaseImage\n${text}`), [
    'StageNameCasing',
    'JSONArgsRecommended',
  ])
  assert.deepEqual(rulesIn(`# check=skip=all\n${text}`), [])
  assert.deepEqual(rulesIn(`# check=skip=\n${text}`).length, 5)
})

test('a comment right above an instruction takes checks off for that one alone', () => {
  const skipping = (comment: string): readonly string[] =>
    rulesIn(`FROM busybox:1.36@sha256:${'0'.repeat(64)}\n${comment}\nMAINTAINER me\nMAINTAINER me\nWORKDIR \\\n\n a\n`)
  const all = ['MaintainerDeprecated', 'MaintainerDeprecated', 'WorkdirRelativePath', 'NoEmptyContinuation']
  assert.deepEqual(skipping('# nothing').toSorted(), all.toSorted())
  const rest = all.slice(1).toSorted()
  for (const comment of [
    '# check=skip=MaintainerDeprecated',
    '# check=skip=all // who else',
    '#check=skip=WorkdirRelativePath,MaintainerDeprecated\n# and more words',
  ]) {
    assert.deepEqual(skipping(comment).toSorted(), rest, comment)
  }
  for (const comment of ['# check=skip=MaintainerDeprecated\n', '# check=your address', '# check=error=true']) {
    assert.deepEqual(skipping(comment).toSorted(), all.toSorted(), comment)
  }
})

test('a directive at the top is no comment of the first instruction', () => {
  const buildArgs = { BUILDKIT_DOCKERFILE_CHECK: 'skip=LatestBaseImage,UnpinnedBaseImage' }
  assert.deepEqual(rulesIn('# check=skip=all\nFROM busybox as a\n', { buildArgs }), ['FromAsCasing'])
  assert.deepEqual(rulesIn('\n# check=skip=all\nFROM busybox as a\n', { buildArgs }), [])
})

test('the build argument goes before the directive', () => {
  const skipping = { buildArgs: { BUILDKIT_DOCKERFILE_CHECK: 'skip=JSONArgsRecommended,UnpinnedBaseImage' } }
  assert.deepEqual(rulesIn(`# check=skip=all\n${text}`, skipping), [
    'LatestBaseImage',
    'FromAsCasing',
    'StageNameCasing',
  ])
  const dockerfile = parseDockerfile(`# check=error=true\n${text}`, { name: 'Dockerfile' })
  assert.equal(checksOf(dockerfile, {}).error, true)
  assert.equal(checksOf(dockerfile, { BUILDKIT_DOCKERFILE_CHECK: '' }).error, false)
  assert.equal(checksOf(dockerfile, { BUILDKIT_DOCKERFILE_CHECK: 'skip=all' }).error, false)
  assert.throws(
    () => checksOf(dockerfile, { BUILDKIT_DOCKERFILE_CHECK: 'eror=true' }),
    (error) => error instanceof HearthError && error.where === '--build-arg BUILDKIT_DOCKERFILE_CHECK',
  )
})

test('without a target every stage counts, with one those it needs', () => {
  const stages = [
    'FROM scratch AS unused\nCMD unused',
    'FROM scratch AS copied\nCMD copied',
    'FROM scratch AS below\nCMD below',
    'FROM below AS target\nCOPY --from=copied /a /b\nCOPY --from=0 /a /b\nCMD target',
    'FROM scratch AS last\nCMD last',
  ].join('\n')
  const inStages = (wanted: Wanted): readonly string[] =>
    findingsIn(stages, wanted).map(({ source }) => source.replace('CMD ', ''))
  assert.deepEqual(inStages({}), ['unused', 'copied', 'below', 'target', 'last'])
  assert.deepEqual(inStages({ target: 'TARGET' }), ['unused', 'copied', 'below', 'target'])
  assert.deepEqual(inStages({ target: '1' }), ['copied'])
  assert.deepEqual(inStages({ everyStage: false }), ['last'])
})

test('rules about names and letters look at every stage', () => {
  const wanted = { target: 'b' }
  assert.deepEqual(rulesIn('FROM scratch AS A\ncmd x\nFROM scratch AS b\nCMD ["x"]', wanted), [
    'StageNameCasing',
    'ConsistentInstructionCasing',
  ])
})

test('an instruction that no build could take ends what is known of its stage, and nothing else', () => {
  assert.deepEqual(rulesIn(`FROM scratch\nENV A=\${B\nCMD x\nFROM scratch\nCMD y`), ['JSONArgsRecommended'])
})

test('names that no rule has are said', () => {
  const { checks } = parseDockerfile('# check=skip=StageNameCasng,UnpinnedBaseImage,;experimental=Future\nFROM a', {
    name: 'Dockerfile',
  })
  assert.deepEqual(unknownRules(checks, [...buildChecks, ...opinions]), [
    'check names "StageNameCasng", which is no rule. Did you mean StageNameCasing?',
    'check names "Future", which is no rule',
  ])
  assert.deepEqual(unknownRules({ skip: 'all', experimental: 'all', error: true }, buildChecks), [])
})

test('every rule has a name of its own; ours are no build checks', () => {
  const names = [...buildChecks, ...opinions].map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  assert.deepEqual([...new Set(buildChecks.map(({ origin }) => origin))], ['buildkit'])
  assert.deepEqual([...new Set(opinions.map(({ origin }) => origin))], ['hearth'])
})
