import type { GitAddress } from './address.ts'
import { type FetchedTree, type FetchOptions, fetchTree, findCommit, type GitAccess } from './repository.ts'

/** How the files of a repository are wanted. */
export type TreeWishes = Pick<FetchOptions, 'submodules' | 'keepGitDirectory' | 'depth'>

/** The repositories of a build: each is asked once, and fetched once, for every form in which it is wanted. */
export interface GitSources {
  /** The commit an address means. */
  commit(address: GitAddress): Promise<string>
  /** The files of a commit in a directory below the build's own, which lasts as long as that. */
  tree(address: GitAddress, wishes: TreeWishes): Promise<FetchedTree>
}

/** Reaches repositories; `workDir` exists. */
export function gitSources(options: GitAccess & { readonly workDir: string }): GitSources {
  const [commits, trees] = [new Map<string, Promise<string>>(), new Map<string, Promise<FetchedTree>>()]
  return {
    commit: (address) => once(commits, [address], () => findCommit(address, options)),
    tree: (address, wishes) => once(trees, [address, wishes], () => fetchTree(address, { ...options, ...wishes })),
  }
}

function once<T>(known: Map<string, Promise<T>>, asked: unknown, make: () => Promise<T>): Promise<T> {
  const key = JSON.stringify(asked)
  const made = known.get(key) ?? make()
  known.set(key, made)
  return made
}
