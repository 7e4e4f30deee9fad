import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  type CredentialSource,
  firstOf,
  gitlabCredentials,
  variableCredentials,
} from '../../../src/registry/credential-sources.ts'

const me = { username: 'me', password: 'secret' }

function source(known: Readonly<Record<string, typeof me>>, place?: string): CredentialSource {
  return { find: async (registry) => known[registry], ...(place === undefined ? {} : { place }) }
}

test('of several sources the first one with a login counts', async () => {
  const all = firstOf([
    source({}),
    source({ a: me }, '/first'),
    source({ a: { ...me, username: 'other' }, b: me }, '/x'),
  ])
  assert.deepEqual(await all.find('a'), me)
  assert.deepEqual(await all.find('b'), me)
  assert.equal(await all.find('c'), undefined)
  assert.equal(all.place, '/first')
  assert.equal(firstOf([]).place, undefined)
})

test('variables name a host or a domain that it belongs to, the nearest first', async () => {
  const variables = {
    KANIKO_REGISTRY_MY_CO_EXAMPLE_USER: 'host',
    KANIKO_REGISTRY_MY_CO_EXAMPLE_PASSWORD: '1',
    KANIKO_EXAMPLE_USER: 'domain',
    KANIKO_EXAMPLE_PASSWORD: '',
    KANIKO_HALF_USER: 'nobody',
  }
  const { find } = variableCredentials(variables)
  assert.deepEqual(await find('registry.my-co.example'), { username: 'host', password: '1' })
  assert.deepEqual(await find('other.example'), { username: 'domain', password: '' })
  assert.equal(await find('half'), undefined)
  assert.equal(await find('example.other'), undefined)
})

test("GitLab's variables are for the hosts they name and no other", async () => {
  const { find } = gitlabCredentials({
    CI_REGISTRY: 'registry.gitlab.example:5050',
    CI_REGISTRY_USER: 'me',
    CI_REGISTRY_PASSWORD: 'secret',
    CI_DEPENDENCY_PROXY_SERVER: 'gitlab.example:443',
    CI_DEPENDENCY_PROXY_USER: 'proxy',
    CI_DEPENDENCY_PROXY_PASSWORD: 'other',
  })
  assert.deepEqual(await find('registry.gitlab.example:5050'), me)
  assert.deepEqual(await find('gitlab.example'), { username: 'proxy', password: 'other' })
  for (const host of ['registry.gitlab.example', 'gitlab.example.evil', 'xgitlab.example', 'sub.gitlab.example']) {
    assert.equal(await find(host), undefined, host)
  }
  assert.equal(await gitlabCredentials({}).find(''), undefined)
})
