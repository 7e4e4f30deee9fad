import { HearthError } from '../errors.ts'
import { type GitAddress, shownAddress } from '../git/address.ts'
import type { GitSources } from '../git/sources.ts'
import { isCommit } from '../git/wishes.ts'

/** Asks nobody: for plans, which do without what they would have to fetch. */
export const noRepositories: GitSources = {
  async commit(address) {
    const { revision } = address.wishes
    return isCommit(revision) ? revision : refuse(address)
  },
  tree: async (address) => refuse(address),
}

function refuse(address: GitAddress): never {
  throw new HearthError({ code: 'git-fetch', message: `${shownAddress(address)} is not fetched to make a plan` })
}
