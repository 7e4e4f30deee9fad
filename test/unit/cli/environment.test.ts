import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readEnvironment } from '../../../src/cli/environment.ts'
import { kanikoVariables } from '../../../src/cli/kaniko-variables.ts'
import { version } from '../../../src/cli/version.ts'
import { checkout } from '../../support/dist.ts'

test('the Docker configuration is that of DOCKER_CONFIG, else of HOME, else of root', () => {
  const path = (env: Record<string, string>): string => readEnvironment(env, '/').dockerConfigPath
  assert.equal(path({ DOCKER_CONFIG: '/d', HOME: '/h' }), '/d/config.json')
  assert.equal(path({ DOCKER_CONFIG: '', HOME: '/h' }), '/h/.docker/config.json')
  assert.equal(path({}), '/root/.docker/config.json')
})

test('proxies are taken in either spelling, and nothing is made up', () => {
  assert.deepEqual(readEnvironment({}, '/w'), {
    cwd: '/w',
    dockerConfigPath: '/root/.docker/config.json',
    logins: { otherPaths: [], variables: {} },
    proxy: {},
    temporaryDirectory: tmpdir(),
  })
  const env = { HTTP_PROXY: 'http://a', http_proxy: 'http://b', https_proxy: 'http://c', no_proxy: 'd', TMPDIR: '/t' }
  const { proxy, temporaryDirectory } = readEnvironment(env, '/')
  assert.deepEqual([proxy, temporaryDirectory], [{ http: 'http://a', https: 'http://c', noProxy: 'd' }, '/t'])
  assert.deepEqual(readEnvironment({ HTTPS_PROXY: '', https_proxy: 'http://c', NO_PROXY: '' }, '/').proxy, {
    https: 'http://c',
  })
  assert.equal(readEnvironment({ UPSTREAM_CLIENT_TYPE: 'ci' }, '/').clientType, 'ci')
})

test("kaniko's variables are noted only when they are set to something", () => {
  assert.deepEqual(kanikoVariables({ KANIKO_DIR: '', PATH: '/bin', FF_KANIKO_X: undefined }), [])
  assert.deepEqual(kanikoVariables({ KANIKO_PRE_CLEANUP: '1', SNAPSHOT_TIMEOUT_DURATION: '90m' }), [
    'KANIKO_PRE_CLEANUP has no effect',
    'SNAPSHOT_TIMEOUT_DURATION has no effect',
  ])
})

test('the version is that of package.json', () => {
  assert.equal(version(), JSON.parse(readFileSync(join(checkout, 'package.json'), 'utf8')).version)
})
