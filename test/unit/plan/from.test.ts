import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPlatform, parsePlatform } from '../../../src/oci/platform.ts'
import { formatReference } from '../../../src/oci/reference.ts'
import { errorOf, plan, type Wanted } from './planning.ts'

/** "reference platform" of the only stage that has an image as its base. */
async function baseOf(text: string, wanted: Wanted = {}): Promise<string> {
  const { stages } = await plan(text, wanted)
  const [base] = stages.flatMap((stage) => (stage.base.kind === 'image' ? [stage.base] : []))
  assert.ok(base !== undefined)
  return `${formatReference(base.reference)} ${formatPlatform(base.platform)}`
}

const cross = { platform: parsePlatform('linux/arm/v7'), buildPlatform: parsePlatform('linux/amd64') }

for (const [platform, expected] of [
  ['$BUILDPLATFORM', 'linux/amd64'],
  [`\${TARGETPLATFORM}`, 'linux/arm/v7'],
  ['$TARGETOS/$BUILDARCH', 'linux/amd64'],
  ['linux/arm64', 'linux/arm64'],
  [`\${OTHER:-linux/s390x}`, 'linux/s390x'],
] as const) {
  test(`FROM --platform=${platform} is ${expected}`, async () => {
    assert.equal(await baseOf(`FROM --platform=${platform} a\n`, cross), `index.docker.io/library/a:latest ${expected}`)
  })
}

test('automatic platform arguments can be part of an image name, and of an ARG above FROM', async () => {
  const text = `ARG NAME=app-\${TARGETARCH}\${TARGETVARIANT}\nFROM r.example/$NAME:$BUILDOS\n`
  assert.equal(await baseOf(text, cross), 'r.example/app-armv7:linux linux/arm/v7')
})

test('--build-arg goes before an automatic platform argument in FROM', async () => {
  const buildArgs = { TARGETARCH: 'mine' }
  assert.equal(
    await baseOf('FROM r.example/a-$TARGETARCH\n', { ...cross, buildArgs }),
    'r.example/a-mine:latest linux/arm/v7',
  )
})

test('a value with "=" in it stays whole, as a default and as --build-arg', async () => {
  const text = `ARG PAIR=team=app\nARG IMAGE="r.example/\${PAIR#*=}"\nFROM $IMAGE\n`
  assert.equal(await baseOf(text), 'r.example/app:latest linux/amd64')
  assert.equal(
    await baseOf(text, { buildArgs: { PAIR: 'a=b=c' } }).catch(({ message }) => message),
    '"r.example/b=c" is not an image reference',
  )
  assert.equal(await baseOf(text, { buildArgs: { PAIR: 'x=y' } }), 'r.example/y:latest linux/amd64')
})

test('stages are built on stages by any number of names, in any case, and the lowest has the base', async () => {
  const { stages } = await plan('FROM a AS One\nFROM one AS two\nFROM TWO AS three\nFROM Three\n')
  assert.deepEqual(
    stages.map(({ base }) => (base.kind === 'stage' ? base.index : base.kind)),
    ['image', 0, 1, 2],
  )
})

test('a tag beside a digest is kept, and the digest decides', async () => {
  const digest = `sha256:${'d'.repeat(64)}`
  assert.equal(await baseOf(`FROM r.example/a:1@${digest}\n`), `r.example/a:1@${digest} linux/amd64`)
})

test('a number is a target and a source of files, never a base', async () => {
  const text = 'FROM a\nRUN x\nFROM b\nCOPY --from=0 /x /\n'
  assert.equal((await plan(text, { target: '0' })).target.index, 0)
  assert.equal((await plan(text, { target: '1' })).target.index, 1)
  assert.equal(await baseOf('FROM 0\n'), 'index.docker.io/library/0:latest linux/amd64')
})

test('ARG of a stage is not seen by the FROM below it', async () => {
  const error = await errorOf(plan('FROM a\nARG B=b\nFROM $B\n'))
  assert.match(error.message, /empty after expansion/)
})

test('every target is planned, the first becomes the image, and no stage is planned twice', async () => {
  const text = 'FROM a AS base\nFROM base AS one\nFROM base AS two\nFROM base AS three\n'
  const { stages, target, also } = await plan(text, { target: 'two', alsoBuilt: ['ONE', '2', 'two', '1'] })
  assert.deepEqual([target.name, also?.map(({ name }) => name)], ['two', ['one']])
  assert.deepEqual(
    stages.map(({ name }) => name),
    ['base', 'one', 'two'],
  )
  const error = await errorOf(plan(text, { target: 'two', alsoBuilt: ['four'] }))
  assert.match(`${error.message} ${error.why}`, /"four" is not a valid target.*base, one, two, three/)
})
