import assert from 'node:assert/strict'
import { test } from 'node:test'
import { helpText } from '../../../src/cli/flags/help.ts'
import type { LintCommandOptions } from '../../../src/cli/lint-options.ts'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'
import { lintCommand } from '../../../src/cli/parse-lint.ts'
import { refusal } from './refusal.ts'

function options(...argv: readonly string[]): LintCommandOptions {
  const parsed = parseExecutor(['lint', ...argv], { FROM_ENV: 'e' }, '/here')
  assert.equal(parsed.kind, 'lint')
  if (parsed.kind !== 'lint') throw new Error('unreachable')
  return parsed.options
}

test('without flags the Dockerfile here is linted, in every stage', () => {
  const { platform, buildPlatform, ...rest } = options()
  assert.deepEqual(rest, {
    dockerfile: 'Dockerfile',
    context: '.',
    buildArgs: {},
    alsoBuilt: [],
    buildContexts: new Map(),
    format: 'text',
    errorOn: 'any',
    log: { level: 'info', format: 'color', timestamp: false },
    cwd: '/here',
    warnings: [],
  })
  assert.deepEqual(platform, buildPlatform)
})

test('every flag is read, by the rules of all others', () => {
  const argv = ['-f', 'D', '-c=ctx', '--build-arg', 'A=1', '--build-arg=FROM_ENV', '--target', 't']
  const found = options(...argv, '--custom-platform=linux/arm64', '--format=json', '--error-on', 'none')
  assert.deepEqual([found.dockerfile, found.context, found.target], ['D', 'ctx', 't'])
  assert.deepEqual(found.buildArgs, { A: '1', FROM_ENV: 'e' })
  assert.deepEqual(found.platform, { os: 'linux', architecture: 'arm64' })
  assert.deepEqual([found.format, found.errorOn], ['json', 'none'])
})

for (const [argv, message] of [
  [['lint', '--format', 'xml'], /invalid argument "xml" for "--format" flag: it must be one of text, json/],
  [['lint', '--error-on=all'], /--error-on/],
  [['lint', '--destination=a'], /unknown flag: --destination/],
  [['lint', 'Dockerfile'], /unknown command "Dockerfile" for "executor lint"/],
  [['--no-push', 'lint'], /"lint" stands behind flags/],
] as const) {
  test(`"${argv.join(' ')}" is refused`, () => {
    assert.throws(() => parseExecutor(argv, {}, '/'), refusal('usage', message))
  })
}

test('its help shows its flags, and the help of the executor names it', () => {
  for (const argv of [
    ['lint', '--help'],
    ['lint', 'help'],
    ['lint', '-h', '--format=json'],
  ]) {
    assert.deepEqual(parseExecutor(argv, {}, '/'), { kind: 'help', text: helpText(lintCommand) })
  }
  for (const { name } of lintCommand.flags) assert.match(helpText(lintCommand), new RegExp(`--${name} `))
  const whole = parseExecutor(['--help'], {}, '/')
  assert.match(whole.kind === 'help' ? whole.text : '', /^ {2}hearth-executor lint \[flags\]$/m)
})
