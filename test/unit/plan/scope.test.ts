import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseDockerfile } from '../../../src/dockerfile/parse.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { formatReference } from '../../../src/oci/reference.ts'
import { unusedBuildArgs } from '../../../src/plan/plan.ts'
import { errorOf, historyOf, plan, runOf } from './planning.ts'

async function envOf(text: string, buildArgs: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const { PATH: _path, ...env } = (await runOf(text, { buildArgs })).env
  return env
}

test('an argument is seen below its ARG, with its default or the value given', async () => {
  const text = 'FROM base\nARG A=1 B C=$A\nRUN x\n'
  assert.deepEqual(await envOf(text), { A: '1', C: '1' })
  assert.deepEqual(await envOf(text, { A: 'x y', B: '' }), { A: 'x y', B: '', C: 'x y' })
  assert.deepEqual(await envOf('FROM base\nRUN x\nARG A=1\n'), {})
  assert.deepEqual(await envOf('FROM base\nRUN x\n', { A: '1' }), {})
})

test('a default that is not needed is not expanded', async () => {
  const text = `FROM base\nARG A=\${B:?needed}\nRUN x\n`
  assert.deepEqual(await envOf(text, { A: '1' }), { A: '1' })
  assert.match((await errorOf(plan(text))).why ?? '', /B: needed/)
})

test('what is declared later wins, whether by ARG or by ENV', async () => {
  assert.deepEqual(await envOf('FROM base\nARG A=arg\nENV A=env\nRUN x\n'), { A: 'env' })
  assert.deepEqual(await envOf('FROM base\nENV A=env\nARG A=arg\nRUN x\n'), { A: 'arg' })
  assert.deepEqual(await envOf('FROM base\nENV A=env\nARG A\nRUN x\n', { A: 'given' }), { A: 'given' })
  assert.deepEqual(await envOf('FROM base\nENV A=env\nARG A\nRUN x\n'), { A: 'env' })
  const { target } = await plan('FROM base\nARG A=arg\nENV B=$A\n')
  assert.deepEqual(target.config.Env, ['PATH=/bin', 'B=arg'])
})

test('arguments above FROM count in FROM, and in a stage that asks for them', async () => {
  const text = 'ARG V=1\nARG W=w$V\nFROM base:$V\nARG V\nARG W=own\nRUN x\n'
  const seen = await plan(text)
  const [stage] = seen.stages
  assert.ok(stage?.base.kind === 'image')
  assert.equal(formatReference(stage.base.reference), 'index.docker.io/library/base:1')
  assert.deepEqual(await envOf(text), { V: '1', W: 'own' })
  assert.deepEqual(await envOf(text, { V: '2' }), { V: '2', W: 'own' })
  assert.deepEqual(await envOf('ARG V=1\nFROM base\nRUN x\n', { V: '2' }), {})
  assert.deepEqual(await envOf('ARG V=1\nARG W=$V-x\nFROM base\nARG W\nRUN x\n', { V: '2' }), { W: '2-x' })
  assert.deepEqual(await envOf('ARG V\nFROM base\nARG V=stage\nRUN x\n'), { V: 'stage' })
})

test('arguments do not leak between stages, and a stage built on another has those of it', async () => {
  const text = 'FROM base AS one\nARG A=1\nENV E=e\nFROM base AS two\nRUN x\nFROM one\nRUN x\n'
  assert.deepEqual(await envOf(text), { A: '1', E: 'e' })
  const { PATH: _path, ...two } = (await runOf(text, { target: 'two' })).env
  assert.deepEqual(two, {})
})

test('the history of RUN lists the arguments of the stage with what they are worth', async () => {
  assert.deepEqual(await historyOf('RUN a\nARG A=1\nARG B\nRUN a\nENV A=2\nRUN ["b", "c"]'), [
    'RUN /bin/sh -c a',
    'ARG A=1',
    'ARG B',
    'RUN |2 A=1 B= /bin/sh -c a',
    'ENV A=2',
    'RUN |2 A=2 B= b c',
  ])
  assert.deepEqual(await historyOf('ARG A B=$A\nARG A=2', { buildArgs: { A: '1' } }), ['ARG A=1 B=1', 'ARG A=1'])
  const child = await runOf('FROM base AS p\nARG A=1\nFROM p\nARG B=2 A=3\nRUN x\n')
  assert.equal(child.createdBy, 'RUN |2 A=3 B=2 /bin/sh -c x')
  const global = await plan('ARG G=1\nFROM base\nARG G\n')
  assert.equal(global.target.steps[0]?.createdBy, 'ARG G=1')
})

test('platform arguments are predefined, in a stage only where they are declared', async () => {
  const platforms = { platform: parsePlatform('linux/arm/v7'), buildPlatform: parsePlatform('linux/amd64') }
  const text =
    'FROM --platform=$BUILDPLATFORM base AS b\nARG TARGETPLATFORM TARGETARCH TARGETVARIANT BUILDARCH TARGETSTAGE\nRUN x\n'
  const { env } = await runOf(`${text}FROM b AS last\nRUN y\n`, platforms)
  assert.deepEqual(env, {
    PATH: '/bin',
    TARGETPLATFORM: 'linux/arm/v7',
    TARGETARCH: 'arm',
    TARGETVARIANT: 'v7',
    BUILDARCH: 'amd64',
    TARGETSTAGE: 'last',
  })
  assert.equal((await runOf('FROM base\nARG TARGETSTAGE\nRUN x\n')).env.TARGETSTAGE, 'default')
  assert.equal((await runOf('FROM base\nRUN x\n')).env.TARGETARCH, undefined)
  assert.equal(
    (await runOf('FROM base\nARG TARGETARCH\nRUN x\n', { buildArgs: { TARGETARCH: 'odd' } })).env.TARGETARCH,
    'odd',
  )
})

test('proxy settings reach commands without ARG, in both cases, and no layer depends on them', async () => {
  const buildArgs = { http_proxy: 'http://p', NO_PROXY: 'here', ALL_PROXY: '', OTHER: 'x' }
  const run = await runOf('FROM base\nRUN x\n', { buildArgs })
  assert.deepEqual(run.proxyEnv, { HTTP_PROXY: 'http://p', http_proxy: 'http://p', NO_PROXY: 'here', no_proxy: 'here' })
  assert.deepEqual(run.env, { PATH: '/bin' })
  assert.equal(run.createdBy, 'RUN /bin/sh -c x')
  const declared = await runOf('FROM base\nARG http_proxy\nRUN x\n', { buildArgs })
  assert.equal(declared.env.http_proxy, 'http://p')
  assert.equal(declared.createdBy, 'RUN |1 http_proxy=http://p /bin/sh -c x')
  assert.equal('http_proxy' in declared.proxyEnv, false)
})

test('names that every JavaScript object knows are names like others', async () => {
  assert.deepEqual(await envOf('FROM base\nARG constructor toString=1\nRUN x$constructor\n'), { toString: '1' })
  assert.deepEqual(await historyOf('ARG __proto__\nLABEL __proto__=$constructor'), [
    'ARG __proto__',
    'LABEL __proto__=',
  ])
})

test('build arguments that nothing takes are found', () => {
  const dockerfile = parseDockerfile('ARG A\nFROM base\nARG B=1 C\nONBUILD ARG D\n', { name: 'Dockerfile' })
  const given = Object.fromEntries(
    ['A', 'B', 'C', 'D', 'E', 'b', 'HTTP_PROXY', 'no_proxy', 'TARGETARCH', 'BUILDOSVERSION', 'TARGET'].map((name) => [
      name,
      '',
    ]),
  )
  assert.deepEqual(unusedBuildArgs(dockerfile, given), ['E', 'b', 'TARGET'])
})
