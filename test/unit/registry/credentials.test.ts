import assert from 'node:assert/strict'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { askHelper } from '../../../src/registry/credential-helper.ts'
import { type Credential, dockerConfigCredentials } from '../../../src/registry/credentials.ts'
import { refusal, withLogins } from './test-client.ts'

const hub = 'index.docker.io'
const me = { username: 'me', password: 'secret' }
const auth = btoa('me:secret')

function found(config: unknown, registry: string, repository?: string): Promise<Credential | undefined> {
  return withLogins(config, (credentials) => credentials.find(registry, repository))
}

test('a registry is found under every way of writing it', async () => {
  const forms = [
    'https://r.example/v1/',
    'https://r.example/v2/',
    'http://r.example',
    'r.example',
    'r.example/',
    'R.Example',
  ]
  for (const key of forms) assert.deepEqual(await found({ auths: { [key]: { auth } } }, 'r.example'), me, key)
  for (const key of ['https://index.docker.io/v1/', 'docker.io', 'index.docker.io', 'registry-1.docker.io']) {
    assert.deepEqual(await found({ auths: { [key]: { auth } } }, hub, 'library/debian'), me, key)
  }
  assert.deepEqual(await found({ auths: { 'r.example:5000': { auth } } }, 'r.example:5000'), me)
})

test('a login goes to no registry but its own', async () => {
  const config = { auths: { 'r.example:5000': { auth }, 'https://index.docker.io/v1/': { auth } } }
  for (const registry of ['r.example', 'r.example:5001', 'xr.example:5000', 'docker.io.example', 'example']) {
    assert.equal(await found(config, registry), undefined, registry)
  }
})

test('a login may be written in each of the ways that Docker knows', async () => {
  const entry = (value: unknown) => found({ auths: { r: value } }, 'r')
  assert.deepEqual(await entry({ auth: btoa('me:pa:ss') }), { username: 'me', password: 'pa:ss' })
  assert.deepEqual(await entry({ auth: Buffer.from('me:gehëim').toString('base64') }), {
    username: 'me',
    password: 'gehëim',
  })
  assert.deepEqual(await entry({ auth: btoa('me:') }), { username: 'me', password: '' })
  assert.deepEqual(await entry({ auth: btoa('me:secret\0\0') }), me)
  assert.deepEqual(await entry(me), me)
  assert.deepEqual(await entry({ auth, username: 'other', password: 'x' }), me)
  assert.deepEqual(await entry({ auth: btoa('me:'), identitytoken: 'it' }), { identityToken: 'it' })
  assert.deepEqual(await entry({ auth: btoa('<token>:it') }), { identityToken: 'it' })
  assert.deepEqual(await entry({ registrytoken: 'rt' }), { registryToken: 'rt' })
  assert.equal(await entry({}), undefined)
  assert.equal(await entry({ auth: '', email: 'me@example' }), undefined)
})

test('the entry with the longest fitting namespace wins', async () => {
  const login = (name: string) => ({ auth: btoa(`${name}:x`) })
  const auths = { 'r/team': login('team'), r: login('all'), 'r/team/app': login('app') }
  const user = async (repository: string) => {
    const credential = await found({ auths }, 'r', repository)
    return credential !== undefined && 'username' in credential ? credential.username : undefined
  }
  assert.equal(await user('team/app'), 'app')
  assert.equal(await user('team/app/part'), 'app')
  assert.equal(await user('team/application'), 'team')
  assert.equal(await user('teams/app'), 'all')
  assert.equal(await user(''), 'all')
  assert.equal(await found({ auths: { 'r/team': login('team') } }, 'r', 'other/app'), undefined)
})

test('a missing file means that there are no logins', async () => {
  assert.equal(await dockerConfigCredentials('/nowhere/at/all/config.json').find('r'), undefined)
  assert.equal(await found({}, 'r'), undefined)
})

test('a malformed file is an error that names the file and the key and shows no secret', async () => {
  const cases: readonly (readonly [unknown, RegExp])[] = [
    ['{"auths": {"r": {"auth": "secret"}', /the whole file.*not valid JSON/s],
    ['', /the whole file/],
    ['// comment\n{}', /not valid JSON/],
    ['[]', /the whole file.*not a JSON object/s],
    [{ auths: [] }, /auths.*not a JSON object/s],
    [{ auths: { other: { auth: 'secret!' } } }, /auths\["other"\].*not base64/s],
    [{ auths: { r: { auth: btoa('secret') } } }, /auths\["r"\].*username:password/s],
    [{ auths: { r: { auth: 7 } } }, /auths\["r"\].*not a text/s],
    [{ auths: { r: 'secret' } }, /auths\["r"\].*not a JSON object/s],
    [{ auths: { r: { password: 'secret' } } }, /auths\["r"\].*no username/s],
    [{ credHelpers: { r: '../evil' } }, /credHelpers\["r"\].*does not name/s],
    [{ credsStore: 5 }, /credsStore.*does not name/s],
  ]
  for (const [config, words] of cases) {
    await assert.rejects(
      found(config, 'r'),
      refusal('credentials-invalid', words, /config\.json cannot be used/, /^(?!.*secret)/s),
    )
  }
})

test('a directory in place of the file is an error that names it', async () => {
  await assert.rejects(
    dockerConfigCredentials(tmpdir()).find('r'),
    refusal('credentials-invalid', /EISDIR/, new RegExp(tmpdir())),
  )
})

let programs: string
let pathBefore: string | undefined

before(() => {
  programs = mkdtempSync(join(tmpdir(), 'hearth-helpers-'))
  pathBefore = process.env.PATH
  process.env.PATH = `${programs}${delimiter}${pathBefore}`
})

after(() => {
  process.env.PATH = pathBefore
  rmSync(programs, { recursive: true })
})

function helper(name: string, script: string): void {
  const path = join(programs, `docker-credential-${name}`)
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
}

test('a helper is asked for its registry and for no other', async () => {
  helper('one', `read server; echo "{\\"Username\\":\\"u-$1\\",\\"Secret\\":\\"$server\\"}"`)
  const config = { credHelpers: { 'r.example': 'one', 'docker.io': 'one' }, auths: { 'other.example': { auth } } }
  assert.deepEqual(await found(config, 'r.example'), { username: 'u-get', password: 'r.example' })
  assert.deepEqual(await found(config, hub), { username: 'u-get', password: 'https://index.docker.io/v1/' })
  assert.deepEqual(await found(config, 'other.example'), me)
  assert.equal(await found(config, 'r.example:443'), undefined)
})

test('a credentials store serves every registry, and what it does not know is looked up in the file', async () => {
  helper(
    'store',
    `read server; [ "$server" = known ] && echo '{"Username":"<token>","Secret":"it"}' && exit 0
    echo 'credentials not found in native keychain'; exit 1`,
  )
  const config = { credsStore: 'store', auths: { known: {}, inline: { auth } } }
  assert.deepEqual(await found(config, 'known'), { identityToken: 'it' })
  assert.deepEqual(await found(config, 'inline'), me)
  assert.equal(await found(config, 'unknown'), undefined)
})

test('a missing helper is an error, even when the file has a login', async () => {
  const config = { credsStore: 'nowhere-to-be-found', auths: { r: { auth } } }
  await assert.rejects(
    found(config, 'r'),
    refusal('credentials-invalid', /docker-credential-nowhere-to-be-found.*no such program/s),
  )
})

test('a helper that fails or answers nonsense is an error that keeps its output secret', async () => {
  helper('fails', 'echo secret; echo secret >&2; exit 3')
  helper('nonsense', 'echo secret')
  helper('half', `echo '{"Username":"secret"}'`)
  mkdirSync(join(programs, 'docker-credential-directory'))
  const hidden = /^(?!.*secret)/s
  await assert.rejects(askHelper('fails', 'r'), refusal('credentials-invalid', /exit code 3 for r/, hidden))
  await assert.rejects(askHelper('nonsense', 'r'), refusal('credentials-invalid', /not a JSON object/, hidden))
  await assert.rejects(askHelper('half', 'r'), refusal('credentials-invalid', /lacks Username or Secret/, hidden))
  await assert.rejects(askHelper('directory', 'r'), refusal('credentials-invalid', /EACCES|no such program/))
})

test('a helper that hangs is ended together with what it started', async () => {
  const pidFile = join(programs, 'pid')
  helper('hangs', `sleep 60 & echo $! > ${pidFile}; wait`)
  await assert.rejects(
    askHelper('hangs', 'r', { timeoutMs: 300, output: 1000 }),
    refusal('credentials-invalid', /within 0\.3 s/),
  )
  const pid = readFileSync(pidFile, 'utf8').trim()
  for (let tries = 0; isRunning(pid) && tries < 50; tries++) await sleep(20)
  assert.equal(isRunning(pid), false)
})

test('a helper may leave something running without holding up the answer', async () => {
  helper('leaves', `sleep 60 & echo '{"Username":"u","Secret":"s"}'`)
  const started = performance.now()
  assert.deepEqual(await askHelper('leaves', 'r'), { username: 'u', password: 's' })
  assert.ok(performance.now() - started < 10_000)
})

test('a helper that never stops talking is cut off', async () => {
  helper('talks', 'yes')
  await assert.rejects(
    askHelper('talks', 'r', { timeoutMs: 20_000, output: 1000 }),
    refusal('credentials-invalid', /more than 1000 bytes/),
  )
})

function isRunning(pid: string): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
}
