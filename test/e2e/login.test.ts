import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { assertClearError } from '../support/clear-error.ts'
import { run, succeeded } from '../support/command.ts'
import { hearth } from '../support/hearth.ts'
import { startRegistry } from '../support/registry.ts'
import { openScene } from '../support/scene.ts'

const scene = await openScene()

function configIn(directory: string): { readonly auths: Readonly<Record<string, { readonly auth: string }>> } {
  return JSON.parse(readFileSync(join(directory, 'config.json'), 'utf8'))
}

test('a login lets builds push to a registry that asks for one', async () => {
  await using registry = await startRegistry({ auth: { username: 'me', password: 'a:b c' } })
  const directory = scene.newDirectory()
  const env = { DOCKER_CONFIG: directory }
  const push = { dockerfile: `FROM ${scene.busybox}`, args: ['-d', `${registry.host}/app:1`], env }
  assertClearError(await scene.attempt(push), [/login|credentials|401/i])
  const args = ['login', registry.host, '--username', 'me', '--password-stdin']
  succeeded(await hearth(args, { env, input: 'a:b c\n' }), args)
  succeeded(await scene.attempt(push), ['push'])
  const path = join(directory, 'config.json')
  assert.equal(statSync(path).mode & 0o777, 0o600)
  await run('skopeo', ['inspect', '--authfile', path, '--tls-verify=false', `docker://${registry.host}/app:1`])
})

test('a login replaces an earlier one and leaves everything else in the file', async () => {
  const directory = scene.newDirectory()
  const env = { DOCKER_CONFIG: directory }
  writeFileSync(
    join(directory, 'config.json'),
    JSON.stringify({
      auths: { 'https://a.example/v2/': { auth: 'b2xkOm9sZA==' }, 'a.example/team': { auth: 'dGVhbTp0ZWFt' } },
      credHelpers: { 'a.example': 'mine' },
      experimental: 'on',
    }),
  )
  const result = await hearth(['login', 'A.example', '-u', 'new', '-p', 'secret'], { env })
  succeeded(result, ['login'])
  assert.match(result.stderr, /"mine" named there is asked first/)
  assert.match(result.stderr, /--password-stdin/)
  assert.equal(result.stderr.includes('secret'), false)
  assert.deepEqual(configIn(directory), {
    auths: { 'a.example/team': { auth: 'dGVhbTp0ZWFt' }, 'a.example': { auth: 'bmV3OnNlY3JldA==' } },
    credHelpers: { 'a.example': 'mine' },
    experimental: 'on',
  })
  succeeded(await hearth(['login', 'docker.io', '-u', 'hub', '-p', 'x'], { env }), ['login'])
  assert.ok('https://index.docker.io/v1/' in configIn(directory).auths)
})

test('a login that cannot work is refused, and the file stays as it was', async () => {
  const directory = join(scene.newDirectory(), 'config')
  const env = { DOCKER_CONFIG: directory }
  const login = ['login', '-u', 'me', '-p', 'x']
  assertClearError(await hearth(login, { env }), [/needs <registry>/])
  assertClearError(await hearth([...login, 'https://a.example/x'], { env }), [/is not a registry/])
  assertClearError(await hearth(['login', 'a.example', '-p', 'x'], { env }), [/--username/])
  assertClearError(await hearth(['login', 'a.example', '-u', 'me'], { env }), [/--password-stdin/])
  assertClearError(await hearth(['login', 'a.example', '-u', 'me', '--password-stdin'], { env }), [/empty/])
  mkdirSync(directory)
  writeFileSync(join(directory, 'config.json'), 'no JSON')
  assertClearError(await hearth([...login, 'a.example'], { env }), [/not valid JSON/])
  assert.equal(readFileSync(join(directory, 'config.json'), 'utf8'), 'no JSON')
})
