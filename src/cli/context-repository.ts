import { type GitAddress, isGit, parseGitAddress } from '../git/address.ts'
import { givenArg, keepGitArg } from '../plan/scope.ts'
import type { ExecutorOptions } from './executor-options.ts'
import { wrongUsage } from './flags/usage.ts'
import { naming } from './read-values.ts'

/**
 * The repository a --context names; undefined when it names none. What it calls git:// is fetched by https, or as
 * GIT_PULL_METHOD says: that is how kaniko has it.
 */
export function contextRepository({ context, git }: Pick<ExecutorOptions, 'context' | 'git'>): GitAddress | undefined {
  if (!isGit(context)) return undefined
  const address = naming('--context', () => parseGitAddress(context))
  const { revision } = address.wishes
  if (git.branch !== undefined && revision !== undefined && revision !== git.branch) {
    throw wrongUsage(`--git branch=${git.branch}: --context names ${revision}`, 'Name a branch in one of them.')
  }
  const transport = address.transport === 'git' ? git.pullMethod : address.transport
  const wishes = git.branch === undefined ? address.wishes : { ...address.wishes, revision: git.branch }
  return { ...address, transport, wishes }
}

/** Kaniko's contexts keep their ".git", BuildKit's only when they or a build argument say so. */
export function keepsGitDirectory(
  { context, buildArgs }: Pick<ExecutorOptions, 'context' | 'buildArgs'>,
  { wishes }: GitAddress,
): boolean {
  const wanted = givenArg(buildArgs, keepGitArg) ?? ''
  return wishes.keepGitDirectory ?? (/^git:/i.test(context) || /^(?:1|t|true)$/i.test(wanted))
}
