import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { readAgentFlags } from '../../../src/cli/agent-flags.ts'
import { checkAgents } from '../../../src/cli/check-agents.ts'
import { readSecrets, textsToMask } from '../../../src/cli/read-secrets.ts'
import { readSecretFlags, type SecretSource } from '../../../src/cli/secret-flags.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const file = (path: string): SecretSource => ({ kind: 'file', path })
const variable = (name: string): SecretSource => ({ kind: 'variable', name })

for (const [text, expected] of [
  ['id=a,src=f', file('f')],
  ['id=a,source=f', file('f')],
  ['src=f,type=file,id=a', file('f')],
  ['"src=f,g",id=a', file('f,g')],
  ['id=a,env=V', variable('V')],
  ['id=a,type=env,env=V', variable('V')],
  ['id=a,type=env,src=V', variable('V')],
  ['id=a,type=env', variable('a')],
  ['id=a', file('a')],
  ['id=SET', variable('SET')],
  ['id=SET,type=file', file('SET')],
] as const) {
  test(`--secret ${text} is read`, () => {
    assert.deepEqual([...readSecretFlags([text], { SET: 'x' }).values()], [expected])
  })
}

test('a secret can be given once', () => {
  assert.throws(() => readSecretFlags(['id=a,src=f', 'id=a,src=g'], {}), /gives the id "a" twice/)
})

test('secrets are read as the bytes they are, and not without an end', (t) => {
  const cwd = temporaryDirectory(t)
  writeFileSync(join(cwd, 'bytes'), Buffer.from([0, 0xff, 10]))
  writeFileSync(join(cwd, 'large'), Buffer.alloc(500 * 1024 + 1))
  const read = (source: SecretSource): Buffer | undefined =>
    readSecrets(new Map([['a', source]]), { env: { V: 'ä' }, cwd }).get('a')
  assert.deepEqual(read(file('bytes')), Buffer.from([0, 0xff, 10]))
  assert.deepEqual(read(variable('V')), Buffer.from('ä'))
  assert.throws(() => read(file('large')), { code: 'usage', why: /at most 512000/ })
  assert.throws(() => read(file('missing')), { code: 'usage', why: /ENOENT/ })
  assert.throws(() => read(file('.')), { code: 'usage', why: /EISDIR/ })
})

test('what is masked is a line, and of several lines those that are long enough', () => {
  const of = (...texts: string[]): readonly string[] => textsToMask(texts.map((text) => Buffer.from(text)))
  assert.deepEqual(of('word'), ['word'])
  assert.deepEqual(of('word\n'), ['word'])
  assert.deepEqual(of('abc'), [])
  assert.deepEqual(of('12345678\r\n1234567\n  123456789  \n\n'), ['123456789', '12345678'])
  assert.deepEqual(of('inside', 'inside and outside'), ['inside and outside', 'inside'])
  assert.deepEqual(of('', '\n'), [])
})

test('--ssh names the agent of the session, or another', () => {
  const env = { SSH_AUTH_SOCK: '/session' }
  assert.deepEqual(
    [...readAgentFlags(['default', 'a=/b=c', 'd='], env)],
    [
      ['default', '/session'],
      ['a', '/b=c'],
      ['d', '/session'],
    ],
  )
  assert.throws(() => readAgentFlags(['default'], {}), /SSH_AUTH_SOCK is not set/)
  assert.throws(() => readAgentFlags(['=/x'], env), /has no id/)
  assert.throws(() => readAgentFlags(['default', 'default=/x'], env), /"default" twice/)
})

test('an agent is a socket that is there', (t) => {
  const cwd = temporaryDirectory(t)
  writeFileSync(join(cwd, 'key'), '')
  assert.throws(() => checkAgents(new Map([['a', 'key']]), cwd), { code: 'usage', why: /keys in files need an agent/ })
  assert.throws(() => checkAgents(new Map([['a', 'none']]), cwd), { code: 'usage', why: /ENOENT/ })
})
