import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatPlatform, parsePlatform } from '../../../src/oci/platform.ts'
import { formatReference } from '../../../src/oci/reference.ts'
import type { StagePlan, Step } from '../../../src/plan/step.ts'
import { dependenciesOf } from '../../../src/plan/step.ts'
import { errorOf, plan, stepsOf } from './planning.ts'

function baseText({ base, platform }: StagePlan): string {
  if (base.kind === 'stage') return `stage ${base.index} ${formatPlatform(platform)}`
  return `${base.kind === 'scratch' ? 'scratch' : formatReference(base.reference)} ${formatPlatform(platform)}`
}

function originText(step: Step | undefined): string {
  assert.ok(step !== undefined && 'origin' in step)
  const { origin } = step
  if (origin.kind === 'context') return 'context'
  if (origin.kind === 'stage') return `stage ${origin.index}`
  return `${formatReference(origin.reference)} ${formatPlatform(origin.platform)}`
}

test('stages that the target does not need are left out, and their bases are not asked for', async () => {
  const text =
    'FROM a AS one\nFROM b AS unused\nFROM c AS files\nFROM one AS two\nCOPY --from=files /x /\nFROM d AS after\n'
  const wanted: string[] = []
  const { stages, target } = await plan(text, { target: 'TWO' })
  for (const stage of stages) wanted.push(`${stage.name} ${baseText(stage)} needs ${dependenciesOf(stage)}`)
  assert.deepEqual(wanted, [
    'one index.docker.io/library/a:latest linux/amd64 needs ',
    'files index.docker.io/library/c:latest linux/amd64 needs ',
    'two stage 0 linux/amd64 needs 0,2',
  ])
  assert.equal(target.name, 'two')
  assert.equal((await plan(text)).target.name, 'after')
  assert.equal((await plan(text, { target: '2' })).target.name, 'files')
})

test('FROM finds the latest stage of a name above it, and COPY the latest above its own stage', async () => {
  const text = 'FROM a AS x\nFROM b AS x\nFROM X AS y\nCOPY --from=X /f /\nFROM c AS x\n'
  const { stages } = await plan(text, { target: 'y' })
  assert.deepEqual(stages.map(baseText), ['index.docker.io/library/b:latest linux/amd64', 'stage 1 linux/amd64'])
  assert.deepEqual(dependenciesOf(stages[1] as StagePlan), [1])
  assert.equal((await plan(text, { target: 'x' })).target.index, 3)
})

test('a stage may be called like an image', async () => {
  const { stages } = await plan('FROM busybox AS busybox\nFROM busybox\nCOPY --from=busybox /bin/sh /\n')
  assert.deepEqual(stages.map(baseText), ['index.docker.io/library/busybox:latest linux/amd64', 'stage 0 linux/amd64'])
})

test('COPY takes files from the context, from stages by name and number, and from images', async () => {
  const copies = ['', '--from=0 ', '--from=ONE ', '--from=img:2 ', `--from=example.com/a/b@sha256:${'a'.repeat(64)} `]
  const steps = await stepsOf(`FROM a AS one\nFROM b\n${copies.map((flag) => `COPY ${flag}/x /y`).join('\n')}\n`)
  assert.deepEqual(steps.map(originText), [
    'context',
    'stage 0',
    'stage 0',
    'index.docker.io/library/img:2 linux/amd64',
    `example.com/a/b@sha256:${'a'.repeat(64)} linux/amd64`,
  ])
})

test('the platform of FROM is its own, that of a stage on a stage comes from there', async () => {
  const platforms = { platform: parsePlatform('linux/arm64'), buildPlatform: parsePlatform('linux/amd64') }
  const text = 'FROM --platform=$BUILDPLATFORM a AS b\nFROM b AS c\nFROM --platform=linux/s390x scratch AS e\nFROM d\n'
  const all = `${text}COPY --from=b / /\nCOPY --from=c / /\nCOPY --from=e / /\n`
  assert.deepEqual((await plan(all, platforms)).stages.map(baseText), [
    'index.docker.io/library/a:latest linux/amd64',
    'stage 0 linux/amd64',
    'scratch linux/arm64',
    'index.docker.io/library/d:latest linux/arm64',
  ])
  const [copy] = await stepsOf('FROM --platform=linux/amd64 a\nCOPY --from=img / /\n', platforms)
  assert.equal(originText(copy), 'index.docker.io/library/img:latest linux/arm64')
})

test('the triggers of a base image come first, and leave none behind', async () => {
  const bases = {
    'index.docker.io/library/base:latest': {
      Env: ['PATH=/bin', 'A=b'],
      OnBuild: ['ENV T=$A', 'COPY --from=files /x /y', 'RUN <<EOF\nhi\nEOF', 'CMD ["c"]'],
    },
  }
  const { target } = await plan('FROM f AS files\n\nFROM base\nENTRYPOINT ["e"]\nRUN x\n', { bases })
  assert.deepEqual(
    target.steps.map((step) => [step.line, step.createdBy]),
    [
      [3, 'ENV T=b'],
      [3, 'COPY /x /y'],
      [3, 'RUN /bin/sh -c hi\n'],
      [3, 'CMD ["c"]'],
      [4, 'ENTRYPOINT ["e"]'],
      [5, 'RUN /bin/sh -c x'],
    ],
  )
  assert.deepEqual(target.config.Cmd, ['c'])
  assert.equal(target.config.OnBuild, undefined)
  assert.deepEqual(dependenciesOf(target), [0])
})

test('the triggers of a stage run in the stages built on it, and not in theirs', async () => {
  const { stages } = await plan('FROM base AS a\nONBUILD RUN t\nFROM a AS b\nFROM b\nRUN x\n')
  assert.deepEqual(
    stages.map((stage) => stage.steps.map((step) => step.createdBy)),
    [['ONBUILD RUN t'], ['RUN /bin/sh -c t'], ['RUN /bin/sh -c x']],
  )
  assert.deepEqual(
    stages.map((stage) => stage.config.OnBuild),
    [['RUN t'], undefined, undefined],
  )
})

test('the steps of COPY and ADD know their flags, sources and destination, expanded', async () => {
  const text = `FROM base
ENV D=/dst O=1:2 M=u+x SUM=sha256:abc
WORKDIR /w
COPY --chown=$O --chmod=$M --link "a"b $D/x $D/
COPY --chown=$NONE --chmod=$NONE ["a b", "c"]
ADD --checksum=$SUM https://example.com/$D /
COPY <<'ONE' x <<"TWO" ./
1
ONE
2
TWO
`
  const [, , first, second, add, inline] = await stepsOf(text)
  assert.ok(first?.kind === 'copy' && second?.kind === 'copy' && add?.kind === 'add' && inline?.kind === 'copy')
  assert.deepEqual([first.sources, first.destination, first.workdir], [['ab', '/dst/x'], '/dst/', '/w'])
  assert.deepEqual([first.chown, first.chmod], ['1:2', 'u+x'])
  assert.equal(first.createdBy, 'COPY --chown=1:2 --chmod=u+x ab /dst/x /dst/')
  assert.deepEqual([second.sources, second.chown, second.chmod], [['a b'], undefined, undefined])
  assert.equal(second.createdBy, 'COPY a b c')
  assert.deepEqual([add.sources, add.checksum], [['https://example.com//dst'], 'sha256:abc'])
  assert.deepEqual(inline.heredocs, [
    { name: 'ONE', content: '1\n' },
    { name: 'TWO', content: '2\n' },
  ])
  assert.equal(inline.createdBy, 'COPY x <<ONE <<TWO ./')
})

test('the steps of COPY and ADD know what they leave out, keep and unpack', async () => {
  const text = `FROM base
ENV E=**/*.md
COPY --parents --link --exclude=$E --exclude=\\\\$E --exclude=$NONE a/./b /c/
ADD --unpack=false --chown=5:root --link a.tar /c/
ADD a.tar /c/
`
  const [, copy, add, plain] = await stepsOf(text)
  assert.ok(copy?.kind === 'copy' && add?.kind === 'add' && plain?.kind === 'add')
  assert.deepEqual([copy.parents, copy.link, copy.exclude], [true, true, ['**/*.md', '$E', '']])
  assert.equal(copy.createdBy, 'COPY --parents a/./b /c/')
  assert.deepEqual([add.unpack, add.link, add.chown, add.exclude], [false, true, '5:root', []])
  assert.deepEqual([plain.unpack, plain.link], [undefined, false])
})

test('RUN has its command, its user and its directory, and is not expanded', async () => {
  const text =
    'FROM base\nUSER me\nWORKDIR /w\nSHELL ["/bin/bash", "-ec"]\nRUN a $PATH\nRUN ["b", "$PATH"]\nRUN <<E cat\nx$PATH\nE\n'
  const runs = (await stepsOf(text)).filter((step) => step.kind === 'run')
  assert.deepEqual(
    runs.map(({ argv, user, workdir }) => [argv, user, workdir]),
    [
      [['/bin/bash', '-ec', 'a $PATH'], 'me', '/w'],
      [['b', '$PATH'], 'me', '/w'],
      [['/bin/bash', '-ec', '<<E cat\nx$PATH\nE'], 'me', '/w'],
    ],
  )
})

const refused: readonly (readonly [what: string, text: string, where: RegExp, says: RegExp])[] = [
  ['a name as owner of a linked layer', 'FROM a\nCOPY --link --chown=me:5 x /\n', /^Dockerfile:2: /, /needs numbers/],
  ['a group as owner of a linked layer', 'FROM a\nADD --link --chown=5:us x /\n', /^Dockerfile:2: /, /needs numbers/],
  ['a FROM that is empty', `ARG N\nFROM \${N}\n`, /^Dockerfile:2: /, /empty after expansion/],
  ['a platform that is empty', 'FROM --platform=$NONE a\n', /^Dockerfile:1: /, /empty after expansion/],
  ['a platform that is none', 'FROM --platform=lin/ux/a/b a\n', /^Dockerfile:1: /, /not a platform/],
  ['a reference that is none', 'FROM Not/A/Reference\n', /^Dockerfile:1: /, /Not\/A\/Reference/],
  ['a malformed default above FROM', `ARG A=\${\nFROM a\n`, /^Dockerfile:1: ARG/, /cannot expand/],
  ['its own stage', 'FROM a\nCOPY --from=0 /x /y\n', /^Dockerfile:2: /, /--from=0 does not name an earlier stage/],
  ['a number of no stage', 'FROM a\nCOPY --from=7 /x /y\n', /^Dockerfile:2: /, /--from=7/],
  ['scratch as a source', 'FROM a\nCOPY --from=scratch /x /y\n', /^Dockerfile:2: /, /scratch/],
]

for (const [what, text, where, says] of refused) {
  test(`${what} is refused`, async () => {
    const error = await errorOf(plan(text))
    assert.match(error.where ?? '', where)
    assert.match(`${error.message} ${error.why}`, says)
  })
}

test('a stage below cannot be copied from', async () => {
  const error = await errorOf(plan('FROM a AS now\nCOPY --from=late /x /y\nFROM a AS late\n', { target: 'now' }))
  assert.equal(error.code, 'dockerfile-stage')
  assert.match(error.message, /--from=late names a stage that is not built yet/)
})

test('an unknown target is named, with the stages there are', async () => {
  const error = await errorOf(plan('FROM a AS one\nFROM b\n', { target: 'two' }))
  assert.equal(error.code, 'dockerfile-stage')
  assert.match(`${error.message} ${error.why}`, /"two" .*the stages are one, 1/)
})

test('an unknown target of a single stage is not answered with a list', async () => {
  const unnamed = await errorOf(plan('FROM a\n', { target: 'two' }))
  assert.equal(unnamed.why, 'the only stage is number 0')
  const named = await errorOf(plan('FROM a AS one\n', { target: 'two' }))
  assert.equal(named.why, 'the only stage is one')
})

test('a malformed trigger of a base image says that it is one', async () => {
  const bases = { 'index.docker.io/library/base:latest': { OnBuild: ['NONSENSE x'] } }
  const error = await errorOf(plan('FROM base\n', { bases }))
  assert.match(error.where ?? '', /^Dockerfile \(ONBUILD of its base\):1: NONSENSE x/)
})
