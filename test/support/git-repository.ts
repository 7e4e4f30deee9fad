import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** When every commit of the tests is made, in seconds since 1970. */
export const commitSeconds = 1_600_000_000

/** Runs git in a directory, without the configuration of this machine; gives what it prints. */
export function git(directory: string, ...args: readonly string[]): string {
  const date = `${commitSeconds} +0000`
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: '/nonexistent', GIT_CONFIG_NOSYSTEM: '1', LANG: 'C.UTF-8' },
    ...{ GIT_AUTHOR_NAME: 'A', GIT_AUTHOR_EMAIL: 'a@example.org', GIT_AUTHOR_DATE: date },
    ...{ GIT_COMMITTER_NAME: 'A', GIT_COMMITTER_EMAIL: 'a@example.org', GIT_COMMITTER_DATE: date },
  }
  const settings = ['-c', 'init.defaultBranch=main', '-c', 'protocol.file.allow=always', '-c', 'safe.directory=*']
  return execFileSync('git', [...settings, ...args], { cwd: directory, env, stdio: ['ignore', 'pipe', 'pipe'] })
    .toString()
    .trim()
}

export interface TestRepository {
  /** Where it is worked on. */
  readonly directory: string
  /** Commits by what they are for. */
  readonly commits: { readonly first: string; readonly main: string; readonly branch: string; readonly pull: string }
}

/**
 * A repository "name.git" below a directory, and a clone it was pushed from: two commits on main, a branch "topic", an
 * annotated tag "v1" and a plain one "plain" on the first commit, and a pull request, refs/pull/7/head, on no branch.
 */
export function makeRepository(below: string, name: string): TestRepository {
  const [bare, directory] = [join(below, `${name}.git`), join(below, `${name}-work`)]
  mkdirSync(directory, { recursive: true })
  git(below, 'init', '-q', '--bare', bare)
  git(directory, 'init', '-q')
  git(directory, 'remote', 'add', 'origin', bare)
  writeFileSync(join(directory, 'Dockerfile'), 'FROM scratch\nCOPY . /\n')
  writeFileSync(join(directory, 'text'), 'first\n')
  const first = commit(directory, 'first')
  git(directory, 'tag', '-a', '-m', 'version 1', 'v1')
  git(directory, 'tag', 'plain')
  mkdirSync(join(directory, 'app/deep'), { recursive: true })
  writeFileSync(join(directory, 'app/deep/file'), 'deep\n')
  writeFileSync(join(directory, 'app/tool'), '#!/bin/sh\n')
  chmodSync(join(directory, 'app/tool'), 0o755)
  symlinkSync('../text', join(directory, 'app/link'))
  // Alike enough for differences to be packed.
  const long = Array.from({ length: 4000 }, (_, index) => `line ${index} ${index * index}\n`)
  for (const at of [0, 1, 2]) writeFileSync(join(directory, `long${at}`), long.with(at * 1000, 'other\n').join(''))
  writeFileSync(join(directory, 'text'), 'main\n')
  const main = commit(directory, 'second')
  git(directory, 'checkout', '-q', '-b', 'topic')
  writeFileSync(join(directory, 'text'), 'topic\n')
  const branch = commit(directory, 'topic')
  git(directory, 'checkout', '-q', '-b', 'pulled', 'main')
  writeFileSync(join(directory, 'text'), 'pull\n')
  const pull = commit(directory, 'pull')
  git(directory, 'push', '-q', 'origin', 'main', 'topic', 'v1', 'plain', 'pulled:refs/pull/7/head')
  git(directory, 'checkout', '-q', 'main')
  return { directory, commits: { first, main, branch, pull } }
}

/** Adds all files and commits; gives the commit. */
export function commit(directory: string, message: string): string {
  git(directory, 'add', '-A')
  git(directory, 'commit', '-q', '-m', message)
  return git(directory, 'rev-parse', 'HEAD')
}
