import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import type { CommandResult } from '../support/command.ts'
import { makeContext } from '../support/context.ts'
import { hearth } from '../support/hearth.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()

/** Runs "lint" where a Dockerfile lies, in a process of its own. */
function lint(dockerfile: string, args: readonly string[] = []): Promise<CommandResult> {
  const files = { Dockerfile: dockerfile, '.dockerignore': 'secret\n' }
  return hearth(['lint', ...args], { cwd: makeContext(scene.directory, files) })
}

test('a Dockerfile without findings ends with 0, one with findings with 1', async () => {
  const clean = await lint('FROM scratch\nCOPY a /\n')
  assert.deepEqual([clean.code, clean.stdout, clean.stderr], [0, 'Dockerfile: no findings\n', ''])
  const odd = await lint('FROM scratch AS Odd\n')
  assert.deepEqual([odd.code, odd.stderr], [1, ''])
  assert.equal(
    odd.stdout,
    [
      'Dockerfile:1:17: StageNameCasing: the stage name "Odd" should be in lower case',
      '   1 | FROM scratch AS Odd',
      '     |                 ^^^',
      '',
      'Dockerfile: 1 finding',
      '',
    ].join('\n'),
  )
})

test('which findings make the exit code 1 can be chosen', async () => {
  const opinion = 'FROM debian:12\n'
  const both = 'FROM debian:12 as x\n'
  const codes: (number | null)[] = []
  for (const choice of ['any', 'checks', 'none']) {
    for (const text of [opinion, both]) codes.push((await lint(text, ['--error-on', choice])).code)
  }
  assert.deepEqual(codes, [1, 1, 0, 1, 0, 0])
})

test('as JSON the findings are one document of the form that README.md describes', async () => {
  const { code, stdout, stderr } = await lint('FROM scratch\n  COPY secret \\\n /\n', ['--format=json'])
  assert.deepEqual([code, stderr], [1, ''])
  assert.deepEqual(JSON.parse(stdout), {
    version: 1,
    dockerfile: 'Dockerfile',
    findings: [
      {
        rule: 'CopyIgnoredFile',
        origin: 'buildkit',
        line: 2,
        column: 8,
        length: 6,
        message: 'COPY takes "secret", which the ignore file keeps out of the context',
        source: '  COPY secret \\',
      },
    ],
  })
  const clean = await lint('FROM scratch\n', ['--format=json'])
  assert.deepEqual(JSON.parse(clean.stdout), { version: 1, dockerfile: 'Dockerfile', findings: [] })
})

test('what cannot be built is an error and no finding, and a wrong command line shows the usage', async () => {
  const syntax = await lint('FROM scratch\nCOPPY a b\n', ['--format=json'])
  assertClearError(syntax, [/where: Dockerfile:2:1\n +2 \| COPPY a b\n +\| \^{5}\n {2}fix: {3}Did you mean COPY\?/])
  assert.equal(syntax.stdout, '')
  assertClearError(await lint('FROM scratch\n', ['--target=x']), [/"x" is not a valid target build stage/])
  assertClearError(await lint('FROM scratch\n', ['--formt=json']), [/Did you mean --format\?/, /Usage:/])
  assertClearError(await hearth(['lint'], { cwd: scene.newDirectory() }), [/There is no Dockerfile "Dockerfile"/])
})

test('the Dockerfile, its context, its arguments and its target can be elsewhere', async () => {
  const text = 'ARG T\nFROM scratch AS good\nFROM scratch AS Bad\nCOPY secret$T /\n'
  const context = makeContext(scene.directory, { 'sub/D': text, '.dockerignore': 'secret1\n' })
  const args = ['lint', '-f', 'sub/D', '-c', context, '--build-arg', 'T=1', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=']
  const all = await hearth(args, { cwd: '/' })
  assert.match(all.stdout, /sub\/D:3:17: StageNameCasing/)
  assert.match(all.stdout, /sub\/D:4:\d+: UndefinedVar/)
  assert.equal(all.stderr, '')
  const skipped = await hearth([...args.slice(0, -1), 'BUILDKIT_DOCKERFILE_CHECK=skip=all'], { cwd: '/' })
  assert.deepEqual([skipped.code, skipped.stdout], [0, 'sub/D: no findings\n'])
})

test('a build warns of what the checks find, and leaves opinions alone', async () => {
  const dockerfile = `FROM ${scene.busybox} AS Odd\nCOPY . /\nCMD x\n`
  const { result } = await scene.image({ dockerfile, args: ['--log-format=text'] })
  const warnings = result.stderr.split('\n').filter((line) => /^WARN/.test(line))
  assert.equal(warnings.length, 2, result.stderr)
  assert.match(warnings[0] ?? '', /Dockerfile:1:\d+: the stage name "Odd" should be in lower case \(StageNameCasing\)$/)
  assert.match(warnings[1] ?? '', /Dockerfile:3:1: .* \(JSONArgsRecommended\)$/)
  const quiet = await scene.image({
    dockerfile: `# check=skip=JSONArgsRecommended\n${dockerfile}`,
    args: ['--log-format=text', '--build-arg', 'BUILDKIT_DOCKERFILE_CHECK=skip=all'],
  })
  assert.doesNotMatch(quiet.result.stderr, /WARN/)
})

test('a build knows the variables of its base', async () => {
  const name = `${scene.registry.host}/with-env:1`
  const dockerfile = `FROM ${scene.busybox}\nENV FROM_BASE=/b\n`
  await scene.image({ dockerfile, args: ['--destination', name, '--insecure'] })
  const { result } = await scene.image({
    dockerfile: `FROM ${name}\nENV A=$FROM_BASE B=$NOWHERE\n`,
    args: ['--log-format=text', '--insecure-pull'],
  })
  const warnings = result.stderr.split('\n').filter((line) => /^WARN/.test(line))
  assert.deepEqual(
    warnings.map((line) => /\$\w+ is not set/.exec(line)?.[0]),
    ['$NOWHERE is not set'],
  )
})

test('with error=true a finding stops the build with one error, before anything is pulled', async () => {
  const out = join(scene.newDirectory(), 'layout')
  const dockerfile = '# check=error=true\nFROM 127.0.0.1:1/unreachable:1 as Odd\nCMD x\n'
  const result = await scene.attempt({ dockerfile, args: ['--no-push', '--oci-layout-path', out] })
  assertClearError(result, [
    /dockerfile-check.*build checks failed: FromAsCasing, StageNameCasing, JSONArgsRecommended/,
    /why: {3}Dockerfile:2:\d+: .*\(FromAsCasing\)\n +Dockerfile:2:\d+: .*\n +Dockerfile:3:1: /,
    /fix: .*skip=/,
  ])
  assert.doesNotMatch(result.stderr, /127\.0\.0\.1:1|WARN/)
  assert.equal(existsSync(out), false)
  const skipped = dockerfile.replace('error=true', 'skip=all;error=true')
  assertClearError(await scene.attempt({ dockerfile: skipped, args: ['--no-push'] }), [/127\.0\.0\.1:1/])
})

test('an error of a build shows the line it is about', async () => {
  const dockerfile = `FROM ${scene.busybox}\nRUN true \\\n  && false\n`
  const run = await scene.attempt({ dockerfile, args: ['--no-push', '--force'] })
  assertClearError(run, [/where: Dockerfile:2:1\n +2 \| RUN true \\\n +\| \^+\n/])
  const copy = await scene.attempt({ dockerfile: `FROM ${scene.busybox}\nCOPY gone /x\n`, args: ['--no-push'] })
  assertClearError(copy, [/where: Dockerfile:2:6\n +2 \| COPY gone \/x\n +\| {6}\^{4}\n/])
  const json = await scene.attempt({
    dockerfile: `FROM ${scene.busybox}\nCOPY gone /x\n`,
    args: ['--no-push', '--log-format=json'],
  })
  const last = JSON.parse(json.stderr.trim().split('\n').at(-1) ?? '')
  assert.deepEqual([last.line, last.column], [2, 6])
})
