import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { makeContext } from '../support/context.ts'
import { checkout } from '../support/dist.ts'
import { hearth } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'
import { fileOf, sha256 } from './files.ts'

const scene = await openScene()
const { host } = scene.registry
const from = `FROM ${scene.busybox}`

test('version prints the version of package.json', async () => {
  const { version } = JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8'))
  const result = await hearth(['version'])
  assert.equal(result.code, 0)
  assert.ok(result.stdout.includes(version), result.stdout)
})

test('an unknown flag is refused, with the flag that was meant', async () => {
  assertClearError(await scene.attempt({ dockerfile: from, args: ['--destinatoin', 'x'] }), [
    /--destinatoin/,
    /--destination/,
  ])
})

test('a positional argument is refused', async () => {
  assertClearError(await scene.attempt({ dockerfile: from, args: ['--cache', 'false', '--no-push'] }), [/false/])
})

test('a build that would go nowhere is refused', async () => {
  assertClearError(await scene.attempt({ dockerfile: from }), [/--destination/, /--no-push/])
})

test('values are refused by name: durations, modes, references, platforms', async () => {
  const wrong = [
    ['--cache-ttl', '6'],
    ['--snapshot-mode', 'sideways'],
    ['--destination', 'team/UPPER:1'],
    ['--customPlatform', 'linux'],
    ['--log-format', 'morse'],
    ['--verbosity', 'loud'],
    ['--label', 'without-value'],
    ['--push-retry', 'many'],
  ]
  for (const [flag = '', value = ''] of wrong) {
    const result = await scene.attempt({ dockerfile: from, args: ['--no-push', flag, value] })
    assertClearError(result, [new RegExp(value)])
  }
})

test('repeated flags are whole values, commas and all', async () => {
  const dockerfile = `${from}\nARG A\nARG B\nRUN echo "$A|$B" > /args\n`
  const args = [
    '--build-arg',
    'A=1,B=2',
    '--build-arg=B=x=y',
    '--label',
    'l=a,b',
    '--label=m=1=2',
    '--annotation',
    'n=c,d',
  ]
  const { tree, config, manifest } = await (await scene.image({ dockerfile, args })).read()
  assert.equal(fileOf(tree, 'args').sha256, sha256('1,B=2|x=y\n'))
  assert.deepEqual(config.config.Labels, { l: 'a,b', m: '1=2' })
  assert.equal(manifest.annotations?.n, 'c,d')
})

test('a build argument without a value comes from the environment', async () => {
  const dockerfile = `${from}\nARG GIVEN\nRUN echo "[$GIVEN]" > /given\n`
  const built = await scene.image({ dockerfile, args: ['--build-arg', 'GIVEN'], env: { GIVEN: 'outside' } })
  assert.equal(fileOf(await built.tree(), 'given').sha256, sha256('[outside]\n'))
})

test('--target builds a stage by its name, in any case', async () => {
  const dockerfile = `${from} AS Wanted\nLABEL stage=wanted\n${from}\nRUN exit 3\n`
  const { config } = await (await scene.image({ dockerfile, args: ['--target', 'wAnTeD'] })).read()
  assert.deepEqual(config.config.Labels, { stage: 'wanted' })
  assertClearError(await scene.attempt({ dockerfile, args: ['--no-push', '--target', 'none'] }), [/none/, /wanted/i])
})

test('the Dockerfile may stand beside the context, below it, or anywhere', async () => {
  const context = makeContext(scene.directory, {
    'sub/inner.Dockerfile': 'FROM scratch\nCOPY file /inner\n',
    file: 'f',
  })
  const elsewhere = makeContext(scene.directory, { 'their.Dockerfile': 'FROM scratch\nCOPY file /outer\n' })
  const inner = await scene.image({ context, args: ['-f', 'sub/inner.Dockerfile'] })
  assert.equal(fileOf(await inner.tree(), 'inner').sha256, sha256('f'))
  const outer = await scene.image({ context, args: [`--dockerfile=${join(elsewhere, 'their.Dockerfile')}`], cwd: '/' })
  assert.equal(fileOf(await outer.tree(), 'outer').sha256, sha256('f'))
  const layout = join(scene.newDirectory(), 'image')
  const named = ['--context', `dir://${context}`, '-fsub/inner.Dockerfile', '--no-push', '--oci-layout-path', layout]
  assert.equal((await hearth(named, { cwd: '/' })).code, 0)
})

test('--single-snapshot makes one layer', async () => {
  const dockerfile = `${from}\nRUN echo 1 > /one\nCOPY file /two\nRUN rm /bin/vi\n`
  const built = await scene.image({ dockerfile, files: { file: 'f' }, args: ['--single-snapshot'] })
  assert.equal(built.layers.length, 2)
  const tree = await built.tree()
  assert.deepEqual([tree.has('one'), tree.has('two'), tree.has('bin/vi')], [true, true, false])
})

test('every snapshot mode finds every change', async () => {
  const dockerfile = `${from}\nRUN echo aa > /f; touch -d @5 /f\nRUN echo bb > /f; touch -d @5 /f; chmod 600 /etc/passwd; rm /bin/vi\n`
  for (const mode of ['full', 'redo', 'time']) {
    const tree = await (await scene.image({ dockerfile, args: ['--snapshot-mode', mode] })).tree()
    assert.equal(fileOf(tree, 'f').sha256, sha256('bb\n'), mode)
    assert.deepEqual([fileOf(tree, 'etc/passwd').mode, tree.has('bin/vi')], ['600', false], mode)
  }
})

test('--reproducible makes the same image from the same files, whenever it is built', async () => {
  const build = async (): Promise<string> => {
    const dockerfile = `${from}\nRUN mkdir /made && echo 1 > /made/file\nCOPY file /file\nWORKDIR /work\n`
    return (await scene.image({ dockerfile, files: { file: 'f' }, args: ['--reproducible'] })).digest
  }
  assert.equal(await build(), await build())
})

test('--dryrun prints the plan and builds nothing', async () => {
  const layout = join(scene.newDirectory(), 'image')
  const args = ['--dryrun', '--oci-layout-path', layout, '--destination', `${host}/dry:1`]
  const result = await scene.attempt({ dockerfile: `${from}\nRUN exit 3\nLABEL a=b\n`, args })
  assert.equal(result.code, 0, result.stderr)
  for (const part of [/RUN/, /LABEL/, new RegExp(`PUSH .*${host}/dry:1`), /LAYOUT/]) assert.match(result.stdout, part)
  assert.equal(existsSync(layout), false)
  assert.doesNotMatch(scene.registry.log(), /PUT \/v2\/dry\//)
})

test('logs come as text, colour or JSON, with the time when asked', async () => {
  const said = async (...args: string[]): Promise<readonly string[]> => {
    const { stdout, stderr, code } = await scene.attempt({
      dockerfile: `${from}\nRUN true\n`,
      args: ['--no-push', ...args],
    })
    assert.equal(code, 0, stderr)
    return `${stdout}${stderr}`.trim().split('\n')
  }
  for (const line of await said('--log-format', 'json', '--log-timestamp')) {
    const { level, msg, time } = JSON.parse(line)
    assert.deepEqual([typeof level, typeof msg, Number.isNaN(Date.parse(time))], ['string', 'string', false])
  }
  const colour = '\u001b['
  assert.ok((await said('--log-format', 'color')).some((line) => line.includes(colour)))
  assert.ok((await said('--log-format=text')).every((line) => !line.includes(colour)))
  assert.ok((await said('--log-format=text', '--log-timestamp=true')).some((line) => /\d\d:\d\d:\d\d/.test(line)))
  const [quiet, chatty] = [await said('-v', 'error'), await said('--verbosity', 'debug')]
  assert.ok(quiet.join('').length < chatty.join('').length)
})

test('the spellings kaniko gave up still work, with a warning', async () => {
  const tar = join(scene.newDirectory(), 'image.tar')
  const old = ['--snapshotMode=time', `--tarPath=${tar}`, '--customPlatform=linux/amd64', '--whitelist-var-run']
  const built = await scene.image({ dockerfile: `FROM scratch\nCOPY Dockerfile /\n`, args: old })
  assert.ok(existsSync(tar))
  for (const name of ['snapshotMode', 'tarPath', 'whitelist-var-run']) {
    assert.match(built.result.stderr, new RegExp(`${name}.*deprecated|deprecated.*${name}`, 'i'))
  }
})

test('booleans take =false, and the environment goes before the command line', async () => {
  const tagged = `${host}/environment:1`
  const args = ['--destination', tagged, '--no-push=false']
  const result = await scene.attempt({ dockerfile: `${from}\nLABEL a=b\n`, args, env: { KANIKO_NO_PUSH: 'true' } })
  assert.equal(result.code, 0, result.stderr)
  assert.doesNotMatch(scene.registry.log(), /PUT \/v2\/environment\//)
  assert.equal((await scene.attempt({ dockerfile: `${from}\nLABEL a=b\n`, args })).code, 0)
  assert.match(scene.registry.log(), /PUT \/v2\/environment\/manifests\/1/)
})

test('--force and the flags that mean nothing here are accepted', async () => {
  const args = ['--force', '--ignore-var-run=true', '--cleanup=false', '--skip-push-permission-check']
  await scene.image({ dockerfile: 'FROM scratch\nCOPY Dockerfile /\n', args })
})

test('the exit code of a failing command is handed on', async () => {
  const result = await scene.attempt({ dockerfile: `${from}\nRUN echo before; exit 42\n`, args: ['--no-push'] })
  assertClearError(result, [/Dockerfile:2/, /42/], 42)
})
