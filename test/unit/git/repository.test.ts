import assert from 'node:assert/strict'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { HearthError } from '../../../src/errors.ts'
import { parseGitAddress } from '../../../src/git/address.ts'
import { type FetchedTree, type FetchOptions, fetchTree } from '../../../src/git/repository.ts'
import type { GitCredentials } from '../../../src/git/transport.ts'
import { createHttpClient } from '../../../src/http/http-client.ts'
import { gitConversationSuite } from '../../suites/git-conversation.suite.ts'
import { privateCertificate } from '../../support/certificate.ts'
import { commit, commitSeconds, git, makeRepository } from '../../support/git-repository.ts'
import { basicOf, type GitHttpServer, startGitDaemon, startGitHttp, startSsh } from '../../support/git-servers.ts'
import { startHttpServer } from '../../support/http-server.ts'
import { freePort } from '../../support/ports.ts'
import { temporaryDirectory } from '../../support/temp.ts'

const owner = { after }
const root = temporaryDirectory(owner)
const repository = makeRepository(root, 'one')
const { commits, directory: work } = repository
const http = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'test' })
after(() => http[Symbol.asyncDispose]())
const server = await startGitHttp(owner, { root })
const daemon = await startGitDaemon(owner, root)
const ssh = await startSsh(owner, temporaryDirectory(owner))
const one = `http://${server.host}/one.git`
const overSsh = `ssh://root@127.0.0.1:${ssh.port}${root}/one.git`
const sshEnv = { PATH: process.env.PATH, GIT_SSH_COMMAND: ssh.command }

function optionsOf(given: Partial<FetchOptions> = {}): FetchOptions {
  const workDir = temporaryDirectory(owner)
  const none: GitCredentials = () => undefined
  return { http, credentials: none, env: {}, workDir, submodules: true, keepGitDirectory: false, depth: 1, ...given }
}

function fetched(text: string, given: Partial<FetchOptions> = {}): Promise<FetchedTree> {
  return fetchTree(parseGitAddress(text), optionsOf(given))
}

function textOf({ directory }: FetchedTree): string {
  return readFileSync(join(directory, 'text'), 'utf8').trim()
}

async function failure(work: Promise<unknown>): Promise<HearthError> {
  const error: unknown = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(error instanceof HearthError, String(error))
  return error
}

gitConversationSuite('http', { repository, place: one, options: optionsOf })
gitConversationSuite('git', { repository, place: `git://${daemon}/one.git`, options: optionsOf })
gitConversationSuite('ssh', { repository, place: overSsh, options: () => optionsOf({ env: sshEnv }) })

test('files have git’s modes and the commit’s time, and their bytes are those git has', async () => {
  const { directory } = await fetched(one)
  for (const [path, mode] of [
    ['text', 0o644],
    ['app/tool', 0o755],
    ['app', 0o755],
  ] as const) {
    const stat = lstatSync(join(directory, path))
    assert.equal(stat.mode & 0o7777, mode, path)
    assert.equal(stat.mtimeMs, commitSeconds * 1000, path)
  }
  assert.equal(readlinkSync(join(directory, 'app/link')), '../text')
  for (const name of ['long0', 'long1', 'long2']) {
    assert.deepEqual(readFileSync(join(directory, name)), readFileSync(join(work, name)))
  }
})

test('of a directory of the repository only the files in it are there', async () => {
  const { directory } = await fetched(`${one}#main:app`)
  assert.deepEqual(readdirSync(directory).sort(), ['deep', 'link', 'tool'])
  const none = await failure(fetched(`${one}#main:nothing`))
  assert.match(none.why ?? '', /no such directory/)
  assert.match((await failure(fetched(`${one}#main:text`))).why ?? '', /is no directory/)
})

test('nothing but the directory with the files is left in the work directory', async () => {
  const options = optionsOf()
  const { directory } = await fetchTree(parseGitAddress(one), options)
  assert.deepEqual(readdirSync(options.workDir), [directory.slice(options.workDir.length + 1)])
})

test('a kept ".git" is a sound repository in which nothing has changed', async () => {
  const { directory } = await fetched(`${one}#topic`, { keepGitDirectory: true })
  assert.equal(git(directory, 'status', '--porcelain'), '')
  assert.equal(git(directory, 'rev-parse', 'HEAD'), commits.branch)
  assert.equal(git(directory, 'rev-parse', '--abbrev-ref', 'HEAD'), 'topic')
  assert.equal(git(directory, 'log', '--format=%s'), 'topic')
  git(directory, 'fsck', '--strict')
  assert.equal(git(directory, 'config', 'remote.origin.url'), one)
})

test('a kept ".git" of a tag knows the tag, and with the depth 0 all of the history', async () => {
  const tagged = await fetched(`${one}#v1`, { keepGitDirectory: true })
  assert.equal(git(tagged.directory, 'describe'), 'v1')
  const whole = await fetched(one, { keepGitDirectory: true, depth: 0 })
  assert.equal(git(whole.directory, 'log', '--format=%s'), 'second\nfirst')
  git(whole.directory, 'fsck', '--strict')
})

test('a server that gives no single commits out is asked for all there is', async () => {
  assert.notEqual(git(join(root, 'one.git'), 'config', '--default', 'no', 'uploadpack.allowAnySHA1InWant'), 'true')
  assert.equal((await fetched(`${one}#${commits.first}`)).commit, commits.first)
  const unknown = await failure(fetched(`${one}#${'0'.repeat(39)}1`))
  assert.match(unknown.why ?? '', /does not give out|not our ref/)
})

test('names that are not there, other commits and empty repositories are told by name', async () => {
  const missing = await failure(fetched(`${one}#nothing`))
  assert.equal(missing.code, 'git-revision')
  assert.match(missing.message, /has no branch or tag "nothing"/)
  const other = await failure(fetched(`${one}?branch=topic&checksum=${commits.first}`))
  assert.equal(other.code, 'integrity')
  assert.match(other.message, new RegExp(`is the commit ${commits.branch}, not ${commits.first}`))
  git(root, 'init', '-q', '--bare', 'empty.git')
  assert.match((await failure(fetched(`http://${server.host}/empty.git`))).why ?? '', /the repository is empty/)
  const nowhere = await failure(fetched(`http://${server.host}/nowhere.git`))
  assert.match(nowhere.why ?? '', /the answer of 127\.0\.0\.1:\d+ is 404/)
  assert.match((await failure(fetched(`git://${daemon}/nowhere.git`))).why ?? '', /the server says|ends in the middle/)
  const port = await freePort()
  assert.match((await failure(fetched(`git://127.0.0.1:${port}/x.git`))).why ?? '', /nothing listens there/)
})

const login = { username: 'user', password: 'canary-pass' }

test('credentials are sent where they belong, and shown in no error', async () => {
  const closed = await startGitHttp(owner, { root, login })
  const place = `http://${closed.host}/one.git`
  const credentials: GitCredentials = ({ host }) => (host === closed.host ? login : undefined)
  assert.equal(textOf(await fetched(place, { credentials })), 'main')
  assert.equal(textOf(await fetched(place.replace('http://', 'http://user:canary-pass@'))), 'main')
  const none = await failure(fetched(place))
  assert.match(none.why ?? '', /is 401: it wants credentials/)
  const wrong = await failure(fetched(place.replace('http://', 'http://user:canary-wrong@')))
  assert.match(wrong.why ?? '', /is 401: the credentials are refused/)
  assert.doesNotMatch(`${wrong.message}${wrong.why}${wrong.fix}${wrong.stack}`, /canary/)
})

test('a kept ".git" holds no credentials', async () => {
  const place = one.replace('http://', 'http://user:canary-pass@')
  const { directory } = await fetched(place, { keepGitDirectory: true })
  assert.doesNotMatch(readFileSync(join(directory, '.git/config'), 'utf8'), /canary|user/)
})

test('a redirect to another host is followed without credentials', async () => {
  const redirect = (path: string): string => `http://${server.host}${path}`
  const first: GitHttpServer = await startGitHttp(owner, { root, redirect })
  const before = server.requests.length
  assert.equal(textOf(await fetched(`http://user:canary-pass@${first.host}/one.git`)), 'main')
  assert.equal(first.requests[0]?.authorization, basicOf(login))
  const elsewhere = server.requests.slice(before)
  assert.deepEqual(
    elsewhere.map(({ line }) => line),
    ['GET /one.git/info/refs?service=git-upload-pack', 'POST /one.git/git-upload-pack'],
  )
  assert.ok(elsewhere.every(({ authorization }) => authorization === undefined))
})

test('a certificate nobody knows is refused, unless its authority is known', async () => {
  const certificate = privateCertificate(temporaryDirectory(owner))
  const secure = await startGitHttp(owner, { root, certificate })
  const place = `https://${secure.host}/one.git`
  assert.match((await failure(fetched(place))).why ?? '', /unknown authority/)
  const ca = [readFileSync(certificate.authority, 'utf8')]
  await using known = createHttpClient({ tls: () => ({ rejectUnauthorized: true, ca }), userAgent: 'test' })
  assert.equal(textOf(await fetched(place, { http: known })), 'main')
})

test('what ssh complains of is in the error', async () => {
  const missing = await failure(fetched(overSsh.replace('one.git', 'nowhere.git'), { env: sshEnv }))
  assert.match(missing.why ?? '', /does not appear to be a git repository/)
  const stranger = { ...sshEnv, GIT_SSH_COMMAND: 'ssh -F none -o UserKnownHostsFile=/dev/null' }
  assert.match((await failure(fetched(overSsh, { env: stranger }))).why ?? '', /Host key verification failed/)
})

test('what is no git server, and objects of other names than sha1, are told', async () => {
  await using web = await startHttpServer((_, response) => response.end('<html>'))
  assert.match((await failure(fetched(`http://${web.host}/x.git`))).why ?? '', /does not speak git's protocol/)
  git(root, 'init', '-q', '--object-format=sha256', 'other.git')
  git(join(root, 'other.git'), 'commit', '-q', '--allow-empty', '-m', 'first')
  assert.match((await failure(fetched(`http://${server.host}/other.git`))).why ?? '', /by sha256, not by sha1/)
})

test('an ssh that says something else is ended, and does not keep the build', async () => {
  const env = { ...sshEnv, GIT_SSH_COMMAND: "sh -c 'echo Welcome to the machine; exec sleep 1000'" }
  assert.match((await failure(fetched(overSsh, { env }))).why ?? '', /not one of a git server/)
})

test('where there is no ssh, the error says so', async () => {
  const error = await failure(fetched('git@127.0.0.1:one.git', { env: { PATH: '/nonexistent' } }))
  assert.match(error.why ?? '', /needs the program ssh, and there is none here/)
})

test('submodules are fetched, also those of submodules, and are left empty where they are not wanted', async () => {
  const inner = makeRepository(root, 'inner')
  const middle = makeRepository(root, 'middle')
  git(middle.directory, 'submodule', '--quiet', 'add', '../inner.git', 'within')
  commit(middle.directory, 'with a submodule')
  git(middle.directory, 'push', '-q', 'origin', 'main')
  const outer = makeRepository(root, 'outer')
  git(outer.directory, 'submodule', '--quiet', 'add', '../middle.git', 'parts/middle')
  commit(outer.directory, 'with a submodule')
  git(outer.directory, 'push', '-q', 'origin', 'main')
  const place = `http://${server.host}/outer.git`
  const { directory } = await fetched(place)
  assert.equal(readFileSync(join(directory, 'parts/middle/within/text'), 'utf8'), 'main\n')
  assert.equal(lstatSync(join(directory, 'parts/middle')).mtimeMs, commitSeconds * 1000)
  const part = await fetched(`${place}#:parts`)
  assert.equal(readFileSync(join(part.directory, 'middle/text'), 'utf8'), 'main\n')
  const alone = await fetched(place, { submodules: false })
  assert.deepEqual(readdirSync(join(alone.directory, 'parts/middle')), [])
  assert.equal(inner.commits.main.length, 40)
})

test('a submodule on another host is not told what was meant for the first one', async () => {
  const closed = await startGitHttp(owner, { root, login })
  const asked: (readonly [string, boolean])[] = []
  const credentials: GitCredentials = ({ host, isSubmodule }) => {
    asked.push([host, isSubmodule])
    return host === closed.host ? login : undefined
  }
  const abroad = makeRepository(root, 'abroad')
  git(abroad.directory, 'submodule', '--quiet', 'add', '../one.git', 'one')
  writeFileSync(join(abroad.directory, '.gitmodules'), `[submodule "one"]\n\tpath = one\n\turl = ${one}\n`)
  commit(abroad.directory, 'abroad')
  git(abroad.directory, 'push', '-q', 'origin', 'main')
  const before = server.requests.length
  assert.equal(textOf(await fetched(`http://${closed.host}/abroad.git`, { credentials })), 'main')
  assert.deepEqual(asked, [
    [closed.host, false],
    [server.host, true],
  ])
  assert.ok(server.requests.slice(before).every(({ authorization }) => authorization === undefined))
})

test('a submodule that .gitmodules does not tell of is an error', async () => {
  const lost = makeRepository(root, 'lost')
  mkdirSync(join(lost.directory, 'sub'))
  git(lost.directory, 'update-index', '--add', '--cacheinfo', `160000,${commits.first},sub`)
  git(lost.directory, 'commit', '-q', '-m', 'lost')
  git(lost.directory, 'push', '-q', 'origin', 'main')
  const error = await failure(fetched(`http://${server.host}/lost.git`))
  assert.match(error.why ?? '', /does not say where the submodule sub comes from/)
})
