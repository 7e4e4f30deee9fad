import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { parseGitAddress } from '../../src/git/address.ts'
import { type FetchOptions, fetchTree, findCommit } from '../../src/git/repository.ts'
import { git, type TestRepository } from '../support/git-repository.ts'

export interface ServedRepository {
  readonly repository: TestRepository
  /** The address at which it is served. */
  readonly place: string
  /** Options with a new work directory. */
  readonly options: () => FetchOptions
}

/** What every way to a repository promises: each revision is the commit that git means by it. */
export function gitConversationSuite(name: string, served: ServedRepository): void {
  const { repository, place, options } = served
  const { first, main, branch, pull } = repository.commits
  const revisions: readonly (readonly [title: string, behind: string, text: string, commit: string])[] = [
    ['nothing: what HEAD points to', '', 'main', main],
    ['a branch', '#topic', 'topic', branch],
    ['a branch by its full name', '#refs/heads/topic', 'topic', branch],
    ['a branch in a query', '?branch=topic', 'topic', branch],
    ['an annotated tag', '#v1', 'first', first],
    ['a plain tag', '?tag=plain', 'first', first],
    ['a pull request', '#pull/7/head', 'pull', pull],
    ['a commit that is a branch’s', `#${branch}`, 'topic', branch],
    ['a commit that nothing points to', `#${first}`, 'first', first],
    ['the commit of an annotated tag, checked', `?tag=v1&checksum=${first.slice(0, 9)}`, 'first', first],
  ]
  for (const [title, behind, text, expected] of revisions) {
    test(`${name}: a revision is ${title}`, async () => {
      const address = parseGitAddress(`${place}${behind}`)
      assert.equal(await findCommit(address, options()), expected)
      const { directory, commit } = await fetchTree(address, options())
      assert.equal(commit, expected)
      assert.equal(readFileSync(join(directory, 'text'), 'utf8'), `${text}\n`)
      assert.equal(existsSync(join(directory, '.git')), false)
    })
  }

  test(`${name}: of the history only what is asked for is fetched`, async () => {
    const address = parseGitAddress(place)
    for (const [depth, subjects] of [
      [1, 'second'],
      [0, 'second\nfirst'],
    ] as const) {
      const { directory } = await fetchTree(address, { ...options(), keepGitDirectory: true, depth })
      assert.equal(git(directory, 'log', '--format=%s'), subjects)
    }
  })

  test(`${name}: an interruption while files arrive ends it, and nothing hangs`, async () => {
    const interruption = new AbortController()
    const fetching = fetchTree(parseGitAddress(place), { ...options(), signal: interruption.signal })
    setImmediate(() => interruption.abort(new Error('interrupted')))
    await assert.rejects(fetching, (error) => error instanceof Error && /interrupted|aborted/.test(error.message))
  })

  test(`${name}: a build that is interrupted asks no more`, async () => {
    const interrupted = new Error('interrupted')
    const signal = AbortSignal.abort(interrupted)
    await assert.rejects(fetchTree(parseGitAddress(place), { ...options(), signal }), (error) => {
      return error === interrupted || (error instanceof Error && error.name === 'AbortError')
    })
  })
}
