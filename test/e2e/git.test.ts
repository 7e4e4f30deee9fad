import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { selfSignedCertificate } from '../support/certificate.ts'
import { assertClearError } from '../support/clear-error.ts'
import { run } from '../support/command.ts'
import { commit, commitSeconds, git, makeRepository } from '../support/git-repository.ts'
import { basicOf, startGitHttp, startSsh } from '../support/git-servers.ts'
import { cacheSummary } from '../support/hearth.ts'
import { type BuiltImage, openScene } from '../support/scene.ts'
import { fileOf, modeAndOwner, sha256 } from './files.ts'

const scene = await openScene()
const owner = { after }
const root = scene.newDirectory()
const one = makeRepository(root, 'one')
const open = await startGitHttp(owner, { root })
const place = `http://${open.host}/one.git`
const login = { username: 'canary-token', password: '' }
const closed = await startGitHttp(owner, { root, login })
const secure = await startGitHttp(owner, { root, certificate: selfSignedCertificate(scene.newDirectory()) })
const plain = { GIT_PULL_METHOD: 'http' }

function contextOf(context: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  const workDir = scene.newDirectory()
  return { workDir, context, cwd: scene.directory, args: ['--work-dir', workDir, ...args], env }
}

/** The only layer of an image, by tar itself. */
async function unpack({ layout, layers }: BuiltImage, to: string): Promise<void> {
  await run('tar', ['-C', to, '-xzf', join(layout, 'blobs', layers[0]?.replace(':', '/') ?? '')])
}

function namesOf(tree: ReadonlyMap<string, unknown>): readonly string[] {
  return [...tree.keys()].filter((name) => name !== '').sort()
}

test('a git:// context is fetched as kaniko does: its Dockerfile is found, ".git" stays, and nothing is left over', async () => {
  const request = contextOf(`git://${open.host}/one.git`, [], plain)
  const built = await scene.image(request)
  const tree = await built.tree()
  assert.equal(fileOf(tree, 'text').sha256, sha256('main\n'))
  assert.equal(modeAndOwner(tree, 'app/tool'), '755 0:0')
  assert.equal(fileOf(tree, '.git/HEAD').sha256, sha256('ref: refs/heads/main\n'))
  assert.match(built.result.stderr, new RegExp(`The build context is the commit ${one.commits.main}`))
  assert.deepEqual(readdirSync(request.workDir), [])
})

test('an https address of a repository is a context without ".git"', async () => {
  const tree = await (await scene.image(contextOf(`${place}#v1`))).tree()
  assert.equal(fileOf(tree, 'text').sha256, sha256('first\n'))
  assert.deepEqual(namesOf(tree), ['Dockerfile', 'text'])
})

test('--git names the branch, --context-sub-path the directory', async () => {
  writeFileSync(join(one.directory, 'app/Dockerfile'), 'FROM scratch\nCOPY deep /\n')
  git(one.directory, 'checkout', '-q', '-b', 'sub')
  commit(one.directory, 'sub')
  git(one.directory, 'push', '-q', 'origin', 'sub')
  git(one.directory, 'checkout', '-q', 'main')
  const args = ['--git', 'branch=sub,single-branch=true', '--context-sub-path', 'app']
  const tree = await (await scene.image(contextOf(`git://${open.host}/one.git`, args, plain))).tree()
  assert.deepEqual(namesOf(tree), ['file'])
  const out = contextOf(place, ['--no-push', '--context-sub-path', '../..'])
  assertClearError(await scene.attempt(out), [/--context-sub-path \.\.\/\.\. leads out of the context/])
  const missing = contextOf(place, ['--no-push', '--context-sub-path', 'none'])
  assertClearError(await scene.attempt(missing), [/--context-sub-path/, /nothing of that name/])
})

test('--context-sub-path is for directories, too', async () => {
  const dockerfile = 'FROM scratch\nCOPY . /\n'
  const tree = await (
    await scene.image({
      files: { 'sub/Dockerfile': dockerfile, 'sub/a': 'a', b: 'b' },
      args: ['--context-sub-path=sub'],
    })
  ).tree()
  assert.deepEqual(namesOf(tree), ['Dockerfile', 'a'])
})

test('a certificate nobody knows is refused without insecure-skip-tls', async () => {
  const context = `git://${secure.host}/one.git`
  assertClearError(await scene.attempt(contextOf(context, ['--no-push'])), [
    /Fetching https:/,
    /certificate is self-signed/,
  ])
  const built = await scene.image(contextOf(context, ['--git', 'insecure-skip-tls=true']))
  assert.equal(fileOf(await built.tree(), 'text').sha256, sha256('main\n'))
})

test('a context over ssh is fetched with the keys of its surroundings', async () => {
  const { port, command } = await startSsh(owner, scene.newDirectory())
  const context = `ssh://root@127.0.0.1:${port}${root}/one.git#topic`
  const built = await scene.image(contextOf(context, [], { GIT_SSH_COMMAND: command }))
  assert.equal(fileOf(await built.tree(), 'text').sha256, sha256('topic\n'))
})

test('a branch that is not there, wrong credentials and none are told clearly, without what was given', async () => {
  const missing = await scene.attempt(contextOf(`${place}#nothing`, ['--no-push']))
  assertClearError(missing, [/has no branch or tag "nothing"/])
  const context = `git://${closed.host}/one.git`
  const none = await scene.attempt(contextOf(context, ['--no-push'], plain))
  assertClearError(none, [/is 401: it wants credentials/, /GIT_TOKEN/])
  for (const env of [{ GIT_TOKEN: 'canary-wrong' }, { GIT_USERNAME: 'x', GIT_PASSWORD: 'canary-wrong' }]) {
    const wrong = await scene.attempt(contextOf(context, ['--no-push'], { ...plain, ...env }))
    assertClearError(wrong, [/is 401: the credentials are refused/])
    const traced = await scene.attempt(contextOf(context, ['--no-push', '-vtrace'], { ...plain, ...env }))
    assert.doesNotMatch(wrong.stdout + wrong.stderr + traced.stdout + traced.stderr, /canary/)
  }
})

test('ADD takes the files of a repository, with git’s modes and the commit’s time', async () => {
  const dockerfile = `FROM scratch\nADD ${place} /src/\nADD --chown=3:4 ${place}#topic:app /app\n`
  const tree = await (await scene.image({ dockerfile })).tree()
  assert.equal(fileOf(tree, 'src/text').sha256, sha256('main\n'))
  assert.equal(modeAndOwner(tree, 'src/app/tool'), '755 0:0')
  assert.equal(modeAndOwner(tree, 'app/tool'), '755 3:4')
  assert.equal(fileOf(tree, 'src/text').mtime, `${commitSeconds}.000000000`)
  assert.equal(tree.has('src/.git'), false)
  assert.equal(tree.has('app/text'), false)
})

test('ADD --keep-git-dir keeps a repository that git works with', async () => {
  const dockerfile = `FROM scratch\nADD --keep-git-dir=true ${place}#v1 /\n`
  const built = await scene.image({ dockerfile })
  const to = scene.newDirectory()
  await unpack(built, to)
  assert.equal(git(to, 'rev-parse', 'HEAD'), one.commits.first)
  assert.equal(git(to, 'status', '--porcelain'), '')
})

test('ADD --checksum takes the commit it names, or nothing', async () => {
  const { first, main } = one.commits
  const good = `FROM scratch\nADD --checksum=${first} ${place}#v1 /\n`
  assert.equal(fileOf(await (await scene.image({ dockerfile: good })).tree(), 'text').sha256, sha256('first\n'))
  const bad = { dockerfile: `FROM scratch\nADD --checksum=${main} ${place}#v1 /\n`, args: ['--no-push'] }
  assertClearError(await scene.attempt(bad), [/is the commit [0-9a-f]{40}, not [0-9a-f]{40}/, /Dockerfile:2/])
  const digest = `sha256:${'a'.repeat(64)}`
  const wrong = { dockerfile: `FROM scratch\nADD --checksum=${digest} ${place} /\n`, args: ['--no-push'] }
  assertClearError(await scene.attempt(wrong), [/--checksum cannot be used/, /beginning of a commit/])
})

test('the commit is what an ADD is cached by: not the address, nor who asks; a hit fetches no files', async () => {
  const cacheDir = scene.newDirectory()
  const args = ['--cache', '--cache-dir', cacheDir, '--no-push']
  const add = (source: string) => scene.image({ dockerfile: `FROM scratch\nADD ${source} /\n`, args })
  assert.equal(cacheSummary((await add(`${place}#v1`)).result).misses, 1)
  const before = open.requests.length
  assert.equal(cacheSummary((await add(`${place}?tag=plain`)).result).local, 1)
  assert.deepEqual(
    open.requests.slice(before).map(({ line }) => line),
    ['GET /one.git/info/refs?service=git-upload-pack'],
  )
  const asked = closed.requests.length
  assert.equal(cacheSummary((await add(`http://canary-token:@${closed.host}/one.git#v1`)).result).local, 1)
  assert.equal(closed.requests[asked]?.authorization, basicOf(login))
  assert.equal(cacheSummary((await add(`${place}#main`)).result).misses, 1)
})

test('credentials in an address are in no log, key, history or layer', async () => {
  const cacheDir = scene.newDirectory()
  const source = `http://canary-token:@${closed.host}/one.git`
  const dockerfile = `FROM scratch\nADD --keep-git-dir=true ${source} /\n`
  const args = ['--cache', '--cache-dir', cacheDir, '-vtrace']
  const built = await scene.image({ dockerfile, args })
  const { config } = await built.read()
  assert.match(JSON.stringify(config.history), /ADD http:\/\/127/)
  assert.doesNotMatch(JSON.stringify(config), /canary/)
  assert.doesNotMatch(built.result.stdout + built.result.stderr, /canary/)
  for (const directory of [cacheDir, built.layout]) {
    const found = await run('sh', ['-c', 'grep -rl canary "$1" || true', 'sh', directory])
    assert.equal(found, '')
  }
  const to = scene.newDirectory()
  await unpack(built, to)
  assert.doesNotMatch(readFileSync(join(to, '.git/config'), 'utf8'), /canary/)
  const plan = await scene.attempt({ dockerfile, args: [...args, '--no-push', '--dryrun'] })
  assert.equal(plan.code, 0, plan.stderr)
  assert.doesNotMatch(plan.stdout + plan.stderr, /canary/)
})

test('the secret GIT_AUTH_TOKEN opens repositories that ADD names', async () => {
  const token = { username: 'x-access-token', password: 'canary-secret' }
  const { host } = await startGitHttp(owner, { root, login: token })
  const dockerfile = `FROM scratch\nADD http://${host}/one.git /\n`
  const args = ['--secret', 'id=GIT_AUTH_TOKEN,env=TOKEN']
  const built = await scene.image({ dockerfile, args, env: { TOKEN: 'canary-secret' } })
  assert.equal(fileOf(await built.tree(), 'text').sha256, sha256('main\n'))
})

test('GIT_TOKEN is not told to a host that only a Dockerfile names', async () => {
  const asked = open.requests.length
  const env = { ...plain, GIT_TOKEN: 'canary-token' }
  const dockerfile = `FROM scratch\nADD ${place} /\n`
  await scene.image({ dockerfile, env })
  assert.ok(open.requests.slice(asked).every(({ authorization }) => authorization === undefined))
  const built = await scene.image(contextOf(`git://${closed.host}/one.git`, [], env))
  assert.equal(fileOf(await built.tree(), 'text').sha256, sha256('main\n'))
})

test('a repository is a named context, for COPY and as a base', async () => {
  const dockerfile = 'FROM base\nCOPY --from=src tool deep /x/\n'
  const args = ['--build-context', `src=${place}#main:app`, '--build-context', `base=${place}?tag=v1`]
  const tree = await (await scene.image({ dockerfile, args })).tree()
  assert.equal(fileOf(tree, 'text').sha256, sha256('first\n'))
  assert.equal(modeAndOwner(tree, 'x/tool'), '755 0:0')
  assert.equal(fileOf(tree, 'x/file').sha256, sha256('deep\n'))
  const wrong = ['--no-push', '--build-context', `src=${place}#none`]
  const failed = await scene.attempt({ dockerfile: 'FROM scratch\nCOPY --from=src a /\n', args: wrong })
  assertClearError(failed, [/has no branch or tag "none"/])
})
