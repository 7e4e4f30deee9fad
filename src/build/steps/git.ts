import { narrowed } from '../../context/narrowed.ts'
import type { SelectOptions } from '../../context/select.ts'
import type { SourceInput } from '../../context/source-digest.ts'
import type { IgnoreMatcher } from '../../dockerfile/ignore.ts'
import { HearthError } from '../../errors.ts'
import { type GitAddress, parseGitAddress, shownAddress } from '../../git/address.ts'
import type { GitSources } from '../../git/sources.ts'
import { isChecksum } from '../../git/wishes.ts'
import type { AddStep } from '../../plan/step.ts'
import type { SelectedSource } from '../../rootfs/selected-source.ts'
import { rawPath } from '../../tar/raw-path.ts'

/** A repository that an ADD names. */
export interface GitSource {
  readonly kind: 'git'
  readonly address: GitAddress
  readonly keepGitDirectory: boolean
  readonly submodules: boolean
  /** What of the files is left out. */
  readonly exclude: IgnoreMatcher | undefined
}

/** Reads the address of a repository in an ADD. Asks nobody yet. */
export function gitSource(
  source: string,
  { checksum, keepGitDirectory, sources }: AddStep,
  { exclude }: Pick<SelectOptions, 'exclude'> = {},
): GitSource {
  const address = parseGitAddress(source)
  const { wishes } = address
  if (checksum !== undefined && !isChecksum(checksum)) {
    throw wrong(`"${checksum}" is not the beginning of a commit: 7 to 40 hexadecimal digits`)
  }
  if (checksum !== undefined && sources.length !== 1)
    throw wrong('it checks one repository, which must be the only source')
  if (checksum !== undefined && wishes.checksum !== undefined && wishes.checksum !== checksum) {
    throw wrong('the address has another one')
  }
  const known = checksum === undefined ? wishes : { revision: checksum, ...wishes, checksum }
  return {
    kind: 'git',
    address: { ...address, wishes: known },
    keepGitDirectory: keepGitDirectory || wishes.keepGitDirectory === true,
    submodules: wishes.submodules ?? true,
    exclude,
  }
}

/**
 * What decides about the layer, and the source that holds to it: a branch that has moved on by the time it is fetched is
 * an error then.
 */
export async function digestGit(
  source: GitSource,
  git: GitSources,
): Promise<{ readonly input: SourceInput; readonly source: GitSource }> {
  const { address, keepGitDirectory, submodules } = source
  const commit = await git.commit(address)
  const { directory = '' } = address.wishes
  const kept = keepGitDirectory ? [shownAddress(address)] : []
  const content = [commit, submodules ? 'submodules' : 'alone', ...kept].join(' ')
  return {
    input: { path: directory, type: 'git', mode: 0, content },
    source: { ...source, address: { ...address, wishes: { ...address.wishes, checksum: commit } } },
  }
}

/** The files of the repository, to be copied as the contents of a directory. */
export async function gitFiles({ address, ...wishes }: GitSource, git: GitSources): Promise<SelectedSource> {
  const { submodules, keepGitDirectory, exclude } = wishes
  const { directory } = await git.tree(address, { submodules, keepGitDirectory, depth: 1 })
  const files = { root: directory, path: rawPath(''), name: rawPath(''), isDirectory: true }
  return exclude === undefined ? files : narrowed(files, exclude)
}

function wrong(why: string): HearthError {
  return new HearthError({ code: 'dockerfile-syntax', message: 'This --checksum cannot be used', why })
}
