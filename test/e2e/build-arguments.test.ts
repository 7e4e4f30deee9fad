import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { succeeded } from '../support/command.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()
const from = `FROM ${scene.busybox}`

test('SOURCE_DATE_EPOCH is the time of the image and of its history, given as an argument or as a variable', async () => {
  const dockerfile = `${from}\nLABEL a=b\nRUN echo > /file`
  const args = ['--build-arg', 'SOURCE_DATE_EPOCH=1700000000']
  const given = await (await scene.image({ dockerfile, args })).read()
  const time = '2023-11-14T22:13:20.000Z'
  assert.equal(given.config.created, time)
  assert.deepEqual(
    given.config.history?.slice(-2).map(({ created }) => created),
    [time, time],
  )
  const inherited = await scene.image({ dockerfile, env: { ...process.env, SOURCE_DATE_EPOCH: '1700000000' } })
  assert.equal((await inherited.read()).config.created, time)
})

test('with --reproducible it is the latest time of a file, and two builds give one digest', async () => {
  const dockerfile = `${from}\nRUN echo > /new && touch -d @1600000000 /old`
  const args = ['--reproducible', '--build-arg', 'SOURCE_DATE_EPOCH=1700000000']
  const [one, other] = [await scene.image({ dockerfile, args }), await scene.image({ dockerfile, args })]
  assert.equal(one.digest, other.digest)
  const tree = await one.tree()
  assert.deepEqual([tree.get('new')?.mtime, tree.get('old')?.mtime], ['1700000000.000000000', '1600000000.000000000'])
})

test('BUILDKIT_SANDBOX_HOSTNAME is what commands find the machine called', async () => {
  const dockerfile = `${from}\nRUN hostname; grep -c forge /etc/hosts`
  const args = ['--no-push', '--build-arg', 'BUILDKIT_SANDBOX_HOSTNAME=forge']
  const { stderr } = succeeded(await scene.attempt({ dockerfile, args }), args)
  assert.match(stderr, /\| forge\n.*\| 1\n/)
})

test('arguments of the build itself are refused by name where they make no sense', async () => {
  for (const [argument, problem] of [
    ['SOURCE_DATE_EPOCH=yesterday', /SOURCE_DATE_EPOCH=yesterday/],
    ['BUILDKIT_SANDBOX_HOSTNAME=a b', /BUILDKIT_SANDBOX_HOSTNAME=a b/],
    ['BUILDKIT_SYNTAX=example/front-end', /example\/front-end/],
  ] as const) {
    const result = await scene.attempt({ dockerfile: from, args: ['--no-push', '--build-arg', argument] })
    assertClearError(result, [problem])
  }
})
