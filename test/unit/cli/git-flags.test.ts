import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contextRepository, keepsGitDirectory } from '../../../src/cli/context-repository.ts'
import type { Variables } from '../../../src/cli/environment.ts'
import type { ExecutorOptions } from '../../../src/cli/executor-options.ts'
import { gitCredentials, gitTexts } from '../../../src/cli/git-credentials.ts'
import { parseExecutor } from '../../../src/cli/parse-executor.ts'
import { parseGitAddress, shownAddress } from '../../../src/git/address.ts'
import { refusal } from './refusal.ts'

function options(argv: readonly string[], env: Variables = {}): ExecutorOptions {
  const parsed = parseExecutor(['--no-push', ...argv], env, '/here')
  assert.ok(parsed.kind === 'build')
  return parsed.options
}

for (const [value, message] of [
  ['branch', /must be of the form key=value/],
  ['colour=red', /"colour" is no option/],
  ['recurse-submodules=perhaps', /invalid value "perhaps"/],
  ['single-branch=perhaps', /invalid value "perhaps"/],
  ['depth=all', /invalid value "all"/],
  ['branch=a,depth', /must be of the form key=value, got "depth"/],
] as const) {
  test(`--git ${value} is refused`, () => assert.throws(() => options(['--git', value]), refusal('usage', message)))
}

function address(context: string, env: Variables = {}, ...more: readonly string[]) {
  return contextRepository(options(['-c', context, ...more], env))
}

test('a git:// context is fetched by https, or as GIT_PULL_METHOD says, and keeps its ".git"', () => {
  const context = 'git://h.example/o/r#refs/heads/x'
  const found = address(context)
  assert.ok(found !== undefined)
  assert.equal(shownAddress(found), 'https://h.example/o/r')
  assert.equal(found.wishes.revision, 'refs/heads/x')
  assert.equal(keepsGitDirectory(options(['-c', context]), found), true)
  assert.equal(address(context, { GIT_PULL_METHOD: 'http' })?.transport, 'http')
  assert.equal(address(context, { GIT_PULL_METHOD: 'ssh' })?.transport, 'https')
  assert.match(options(['-c', context], { GIT_PULL_METHOD: 'ssh' }).warnings.join(), /GIT_PULL_METHOD is "ssh"/)
})

test('other addresses are taken as they are, without ".git" unless they ask for it', () => {
  for (const [context, transport, keeps] of [
    ['https://h.example/r.git', 'https', false],
    ['https://h.example/r.git?keep-git-dir=true', 'https', true],
    ['ssh://h.example/r', 'ssh', false],
    ['git@h.example:r', 'ssh', false],
  ] as const) {
    const found = address(context)
    assert.ok(found !== undefined)
    assert.equal(found.transport, transport)
    assert.equal(keepsGitDirectory(options(['-c', context]), found), keeps)
  }
  const asked = options(['-c', 'https://h.example/r.git', '--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1'])
  assert.equal(keepsGitDirectory(asked, { ...parseGitAddress(asked.context) }), true)
  assert.equal(address('/some/where.git'), undefined)
  assert.equal(address('dir://r.git'), undefined)
})

test('a branch of --git is the revision, and must not contradict the address', () => {
  assert.equal(address('git://h.example/r', {}, '--git=branch=x')?.wishes.revision, 'x')
  assert.equal(address('git://h.example/r#x', {}, '--git=branch=x')?.wishes.revision, 'x')
  assert.throws(() => address('git://h.example/r#y', {}, '--git=branch=x'), refusal('usage', /--context names y/))
})

const origin = { transport: 'https', host: 'h.example', isSubmodule: false }

test('a token stands in the place of the user, and goes before user and password', () => {
  const context = ['-c', 'git://h.example/r']
  const all = { GIT_TOKEN: 'tok', GIT_USERNAME: 'u', GIT_PASSWORD: 'p' }
  const told = (env: Variables) => gitCredentials(options(context, env), new Map())(origin)
  assert.deepEqual(told(all), { username: 'tok', password: '' })
  assert.deepEqual(told({ ...all, GIT_TOKEN: '' }), { username: 'u', password: 'p' })
  assert.equal(told({}), undefined)
})

test('what kaniko’s variables say is told to the hosts of contexts only', () => {
  const argv = ['-c', 'git://h.example/r', '--build-context=a=https://n.example:8443/x.git']
  const told = gitCredentials(options(argv, { GIT_TOKEN: 'tok' }), new Map())
  assert.ok(told(origin) !== undefined)
  assert.ok(told({ ...origin, host: 'n.example:8443' }) !== undefined)
  for (const host of ['n.example', 'h.example.org', 'xh.example', 'h.example:8443']) {
    assert.equal(told({ ...origin, host }), undefined, host)
  }
  assert.equal(told({ ...origin, transport: 'http' }), undefined)
})

test('BuildKit’s secrets are for other repositories: that of the host first, and no general one for submodules', () => {
  const secrets = new Map([
    ['GIT_AUTH_TOKEN', Buffer.from('any\n')],
    ['GIT_AUTH_TOKEN.g.example', Buffer.from('own')],
  ])
  const told = gitCredentials(options(['-c', '/x']), secrets)
  assert.equal(told(origin)?.password, 'any')
  assert.equal(told(origin)?.username, 'x-access-token')
  assert.equal(told({ ...origin, host: 'g.example' })?.password, 'own')
  assert.equal(told({ ...origin, isSubmodule: true }), undefined)
  assert.equal(told({ ...origin, host: 'g.example', isSubmodule: true })?.password, 'own')
  assert.equal(told({ transport: 'http', host: 'g.example', isSubmodule: true }), undefined)
})

test('what contexts are asked for with is masked, as it is and as it stands in an address', () => {
  const argv = ['-c', 'https://user:p%40ss@h.example/r.git', '--build-context=a=https://toktok@n.example/x.git']
  const texts = gitTexts(options(argv, { GIT_TOKEN: 'tok/en' })).map(String)
  assert.deepEqual(texts, ['tok/en', 'tok%2Fen', 'p@ss', 'p%40ss', 'toktok', 'toktok'])
})
