import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { isGit, parseGitAddress, shownAddress } from '../../../src/git/address.ts'
import { submoduleAddress } from '../../../src/git/submodules.ts'

const commit = '0123456789abcdef0123456789abcdef01234567'

const read: readonly (readonly [text: string, shown: string, wishes: object])[] = [
  ['https://h.example/o/r.git', 'https://h.example/o/r.git', {}],
  ['https://h.example/o/r.git#main', 'https://h.example/o/r.git', { revision: 'main' }],
  ['https://h.example/r.git#main:a/b', 'https://h.example/r.git', { revision: 'main', directory: 'a/b' }],
  ['https://h.example/r.git#:/a/./b/', 'https://h.example/r.git', { directory: 'a/b' }],
  ['http://h.example:8080/r.git#refs/pull/7/head', 'http://h.example:8080/r.git', { revision: 'refs/pull/7/head' }],
  [`git://h.example/o/r.git#refs/heads/x#${commit}`, 'git://h.example/o/r.git', { revision: commit }],
  ['git://h.example:443/o/r', 'git://h.example:443/o/r', {}],
  ['ssh://git@h.example:2222/o/r.git', 'ssh://h.example:2222/o/r.git', {}],
  ['ssh://h.example/~me/r', 'ssh://h.example/~me/r', {}],
  ['git@h.example:o/r.git#v1', 'ssh://h.example/o/r.git', { revision: 'v1' }],
  ['git@h.example:/srv/r.git?branch=x', 'ssh://h.example/srv/r.git', { revision: 'refs/heads/x' }],
  ['https://h.example/r.git?tag=v1&subdir=a', 'https://h.example/r.git', { revision: 'refs/tags/v1', directory: 'a' }],
  ['https://h.example/r.git?ref=pull/1/head', 'https://h.example/r.git', { revision: 'pull/1/head' }],
  ['https://h.example/r.git?ref=a#a', 'https://h.example/r.git', { revision: 'a' }],
  [
    'https://h.example/r.git?branch=b&checksum=0123456&keep-git-dir=1&submodules=false',
    'https://h.example/r.git',
    { revision: 'refs/heads/b', checksum: '0123456', keepGitDirectory: true, submodules: false },
  ],
  [`https://h.example/r.git?commit=${commit}`, 'https://h.example/r.git', { revision: commit, checksum: commit }],
]

for (const [text, shown, wishes] of read) {
  test(`${text} is read`, () => {
    const address = parseGitAddress(text)
    assert.equal(shownAddress(address), shown)
    assert.deepEqual({ ...address.wishes }, wishes)
    assert.ok(isGit(text))
  })
}

test('a user and a password are no part of what is shown', () => {
  const address = parseGitAddress('https://us%40er:p%2Fw@h.example/r.git')
  assert.deepEqual([address.user, address.password], ['us@er', 'p/w'])
  assert.equal(shownAddress(address), 'https://h.example/r.git')
})

const refused: readonly (readonly [text: string, why: RegExp])[] = [
  ['https://h.example/r.git?what=1', /"what" has no meaning/],
  ['https://h.example/r.git?ref=a&ref=b', /given twice/],
  ['https://h.example/r.git?ref=', /has no value/],
  ['https://h.example/r.git?branch=a&tag=b', /more than one of ref, branch and tag/],
  ['https://h.example/r.git?branch=a#b', /more than one of ref, branch and tag/],
  ['https://h.example/r.git?ref=a#b', /contradict each other/],
  ['https://h.example/r.git?subdir=a#:b', /contradict each other/],
  ['https://h.example/r.git?checksum=xyz', /is no commit/],
  ['https://h.example/r.git?submodules=maybe', /true or false/],
  ['https://h.example/r.git#:../x', /leads out of the repository/],
  ['git://h.example/r.git#main#short', /40 digits/],
  ['https://h.example', /names no repository/],
  ['ssh://-oProxyCommand=x/r', /no address|names no host/],
  ['git@h.example:-x', /begins with "-"/],
  ['ftp://h.example/r.git', /no address of a git repository/],
  ['https://h.example/r.git#a%0ab', /control characters/],
]

for (const [text, why] of refused) {
  test(`${text} is refused`, () => {
    assert.throws(
      () => parseGitAddress(text),
      (error) => error instanceof HearthError && error.code === 'git-address' && why.test(error.why ?? ''),
    )
  })
}

test('the error for an address shows no password', () => {
  assert.throws(
    () => parseGitAddress('https://user:canary@h.example/r.git?what=1'),
    (error) => error instanceof HearthError && !`${error.message}${error.why}${error.fix}`.includes('canary'),
  )
})

test('paths, archives and images are no repositories', () => {
  for (const text of ['./r.git', '/r.git', 'https://h.example/a.tar', 'https://h.example/r.git/file', 'name:tag']) {
    assert.equal(isGit(text), false, text)
  }
})

test('a submodule is looked for beside the repository it belongs to, or where it says', () => {
  const parent = parseGitAddress('https://user:pw@h.example/o/r.git')
  const beside = submoduleAddress(parent, '../other.git', commit)
  assert.equal(shownAddress(beside), 'https://h.example/o/other.git')
  assert.deepEqual([beside.user, beside.password, beside.wishes.revision], ['user', 'pw', commit])
  const elsewhere = submoduleAddress(parent, 'https://x.example/y', commit)
  assert.equal(shownAddress(elsewhere), 'https://x.example/y')
  assert.equal(elsewhere.password, undefined)
  assert.throws(() => submoduleAddress(parent, '../../../../x', commit), /leads out of/)
  assert.throws(() => submoduleAddress(parent, '/srv/repository', commit), HearthError)
  assert.throws(() => submoduleAddress(parent, 'file:///srv/repository', commit), HearthError)
})
