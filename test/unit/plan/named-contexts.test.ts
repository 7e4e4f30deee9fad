import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatReference, parseReference } from '../../../src/oci/reference.ts'
import { contextName, type NamedContext } from '../../../src/plan/named-contexts.ts'
import type { BuildPlan } from '../../../src/plan/step.ts'
import { errorOf, plan, type Wanted } from './planning.ts'

type Given = Readonly<Record<string, string>>

/** Contexts as flags would give them: "image:…", "scratch", or a directory. */
function contexts(given: Given): Pick<Wanted, 'contexts'> {
  const contextOf = (name: string, place: string): NamedContext => {
    if (place === 'scratch') return { kind: 'scratch' }
    if (!place.startsWith('image:')) return { kind: 'files', name, place }
    return { kind: 'image', reference: parseReference(place.slice('image:'.length)) }
  }
  return {
    contexts: new Map(Object.entries(given).map(([name, place]) => [contextName(name), contextOf(name, place)])),
  }
}

/** "base < base: step, step" for each stage. */
function shown({ stages }: BuildPlan): readonly string[] {
  return stages.map(({ index, base, steps }) => {
    const below =
      base.kind === 'image' ? formatReference(base.reference) : base.kind === 'stage' ? base.index : 'scratch'
    return `${index} on ${below}: ${steps.map(({ createdBy }) => createdBy).join(', ')}`
  })
}

async function planned(text: string, given: Given): Promise<readonly string[]> {
  return shown(await plan(text, contexts(given)))
}

const alpine = 'index.docker.io/library/alpine:3.20'

test('a context takes the place of the base that a FROM names, however either is spelled', async () => {
  for (const [name, base] of [
    ['alpine', 'alpine'],
    ['docker.io/library/alpine', 'alpine'],
    ['alpine:latest', 'docker.io/alpine'],
    ['registry.example:5000/a/b:1', 'registry.example:5000/a/b:1'],
  ] as const) {
    assert.deepEqual(await planned(`FROM ${base}\nRUN x\n`, { [name]: 'image:alpine:3.20' }), [
      `0 on ${alpine}: RUN /bin/sh -c x`,
    ])
  }
})

test('another tag, or a digest, is another name', async () => {
  const given = { alpine: 'image:busybox', 'alpine:1': 'image:busybox' }
  const pinned = `alpine:1@sha256:${'a'.repeat(64)}`
  assert.deepEqual(await planned('FROM alpine:3.20\n', given), [`0 on ${alpine}: `])
  assert.deepEqual(await planned(`FROM ${pinned}\n`, given), [`0 on index.docker.io/library/${pinned}: `])
})

test('the name that a FROM has once its arguments are expanded counts', async () => {
  const text = 'ARG BASE=other\nFROM $BASE\n'
  assert.deepEqual(await planned(text, { other: 'image:alpine:3.20' }), [`0 on ${alpine}: `])
})

test('a directory as a base is copied onto nothing', async () => {
  assert.deepEqual(await planned('FROM own\nRUN x\n', { own: '/dir' }), [
    '0 on scratch: COPY --from=own . /, RUN /bin/sh -c x',
  ])
  assert.deepEqual(await planned('FROM own\nRUN x\n', { own: 'scratch' }), ['0 on scratch: RUN /bin/sh -c x'])
})

test('a context takes the place of a whole stage, also where others are built on it', async () => {
  const text = 'FROM a AS One\nRUN one\nFROM one AS two\nRUN two\n'
  assert.deepEqual(await planned(text, { one: 'image:alpine:3.20' }), [
    `0 on ${alpine}: `,
    '1 on 0: RUN /bin/sh -c two',
  ])
  assert.deepEqual(await planned(text, { one: '/dir' }), [
    '0 on scratch: COPY --from=one . /',
    '1 on 0: RUN /bin/sh -c two',
  ])
  assert.deepEqual(await planned(text, { two: 'image:alpine:3.20' }), [`1 on ${alpine}: `])
})

test('a stage goes before a context for a base of the same name only where it is no stage that the context replaces', async () => {
  const text = 'FROM alpine AS base\nFROM base\nRUN x\n'
  assert.deepEqual(await planned(text, { alpine: 'image:alpine:3.20' }), [
    `0 on ${alpine}: `,
    '1 on 0: RUN /bin/sh -c x',
  ])
})

test('COPY --from takes a context before an image, and what took the place of a stage without building it', async () => {
  const text =
    'FROM a AS build\nRUN x\nFROM b\nCOPY --from=files /1 /\nCOPY --from=Build /2 /\nCOPY --from=0 /3 /\nCOPY --from=img /4 /\n'
  const { stages, target } = await plan(text, contexts({ files: '/dir', build: '/out', img: 'image:alpine:3.20' }))
  assert.deepEqual(
    stages.map(({ index }) => index),
    [1],
  )
  const origins = target.steps.map((step) => ('origin' in step ? step.origin : undefined))
  assert.deepEqual(origins.slice(0, 3), [
    { kind: 'context', name: 'files' },
    { kind: 'context', name: 'build' },
    { kind: 'context', name: 'build' },
  ])
  assert.ok(origins[3]?.kind === 'image')
  assert.equal(formatReference(origins[3].reference), alpine)
})

test('scratch and context keep their meaning', async () => {
  const given = new Map(['scratch', 'context'].map((name) => [contextName(name), { kind: 'scratch' } as const]))
  const text = 'FROM context AS a\nFROM scratch\nCOPY --from=context /x /\nCOPY --from=a /x /\n'
  const planned = await plan(text, { contexts: given })
  assert.match(shown(planned)[0] ?? '', /^0 on index.docker.io\/library\/context:latest/)
})

test('an empty context has no files to copy', async () => {
  const error = await errorOf(plan('FROM a\nCOPY --from=none /x /\n', contexts({ none: 'scratch' })))
  assert.match(error.message, /--from=none has no files/)
})

test('the triggers of an image that takes the place of a stage run in what is built on it', async () => {
  const bases = { 'index.docker.io/library/on:latest': { OnBuild: ['RUN trigger'] } }
  const text = 'FROM a AS base\nRUN gone\nFROM base\nRUN own\n'
  const planned = await plan(text, { bases, ...contexts({ base: 'image:on' }) })
  assert.deepEqual(shown(planned), [
    '0 on index.docker.io/library/on:latest: ',
    '1 on 0: RUN /bin/sh -c trigger, RUN /bin/sh -c own',
  ])
  assert.equal(planned.target.config.OnBuild, undefined)
})

test('what is left out of a plan is listed with the reason', async () => {
  const text = 'FROM a AS used\nFROM b AS unused\nFROM c AS given\nFROM used\nCOPY --from=given / /\nFROM d AS after\n'
  const { pruned } = await plan(text, { target: '3', ...contexts({ given: '/dir' }) })
  assert.deepEqual(
    pruned?.map(({ name, line, why }) => [name, line, why]),
    [
      ['unused', 2, 'nothing that is built needs it'],
      ['given', 3, 'the context given takes its place'],
      ['after', 6, 'it stands below the target'],
    ],
  )
})
