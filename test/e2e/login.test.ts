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

test('logins are found in every place that kaniko looks at', async () => {
  await using registry = await startRegistry({ auth: { username: 'me', password: 'secret' } })
  const config = JSON.stringify({ auths: { [registry.host]: { auth: Buffer.from('me:secret').toString('base64') } } })
  const directory = scene.newDirectory()
  mkdirSync(join(directory, 'containers'))
  writeFileSync(join(directory, 'containers/auth.json'), config)
  const variable = registry.host.toUpperCase().replaceAll('.', '_')
  const places: Readonly<Record<string, Readonly<Record<string, string>>>> = {
    'the text of a config.json': { DOCKER_AUTH_CONFIG: config },
    "podman's file": { REGISTRY_AUTH_FILE: join(directory, 'containers/auth.json') },
    "podman's directory": { XDG_RUNTIME_DIR: directory },
    'variables of the host': { [`KANIKO_${variable}_USER`]: 'me', [`KANIKO_${variable}_PASSWORD`]: 'secret' },
    'a job of GitLab': { CI_REGISTRY: registry.host, CI_REGISTRY_USER: 'me', CI_REGISTRY_PASSWORD: 'secret' },
  }
  const push = { dockerfile: `FROM ${scene.busybox}`, args: ['-d', `${registry.host}/app:1`] }
  for (const [name, env] of Object.entries(places)) succeeded(await scene.attempt({ ...push, env }), [name])
  const env = places['a job of GitLab'] ?? {}
  assert.notEqual((await scene.attempt({ ...push, args: [...push.args, '--credential-helpers='], env })).code, 0)
  const other = await scene.attempt({ ...push, args: [...push.args, '--credential-helpers', 'env'], env })
  assert.notEqual(other.code, 0)
})

test('helpers that there are not are refused by name', async () => {
  const attempt = (name: string): ReturnType<typeof scene.attempt> =>
    scene.attempt({ dockerfile: 'FROM scratch', args: ['--no-push', '--credential-helpers', name] })
  assertClearError(await attempt('ecr'), [/"ecr" is not supported yet/, /credHelpers/])
  assertClearError(await attempt('git-lab'), [/"git-lab" is not a helper/])
  const broken = await scene.attempt({
    dockerfile: 'FROM scratch',
    args: ['--no-push'],
    env: { DOCKER_AUTH_CONFIG: '{' },
  })
  assertClearError(broken, [/\$DOCKER_AUTH_CONFIG/])
})
