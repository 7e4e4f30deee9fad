/** What of a repository is wanted. */
export interface GitWishes {
  /** Branch, tag, full name below refs/, or all of a commit's digits; what HEAD points to when undefined. */
  readonly revision?: string
  /** Below the top of the repository; no slash at either end. */
  readonly directory?: string
  /** The first digits, at least seven, of the commit or tag that the revision must be. */
  readonly checksum?: string
  readonly keepGitDirectory?: boolean
  readonly submodules?: boolean
}

/** Whether a revision names a commit by all of its digits. */
export function isCommit(revision: string | undefined): revision is string {
  return revision !== undefined && /^[0-9a-f]{40}$/.test(revision)
}

/** The wishes of "revision:directory#commit": BuildKit's form, and behind another "#" kaniko's commit. */
export function wishesOfFragment(fragment: string): GitWishes {
  const [named = '', commit] = split(fragment, '#')
  const [revision = '', directory] = split(named, ':')
  if (commit !== undefined && !isCommit(commit))
    throw new RangeError('behind the second "#" stand 40 digits of a commit')
  return {
    ...filled('revision', commit ?? revision),
    ...filled('directory', directory === undefined ? '' : plainDirectory(directory)),
  }
}

/** Adds the wishes of a query, as in "?branch=main&subdir=app&checksum=5fa61d1". Throws a RangeError that says what is wrong. */
export function applyQuery(wishes: GitWishes, query: URLSearchParams): GitWishes {
  const given = new Map<string, string>()
  for (const [name, value] of query) {
    const key = name === 'commit' ? 'checksum' : name
    if (!known.includes(key)) throw new RangeError(`"${name}" has no meaning behind "?"; known are ${known.join(', ')}`)
    if (given.has(key)) throw new RangeError(`"${name}" is given twice`)
    if (value === '' && !switches.includes(key)) throw new RangeError(`"${name}" has no value`)
    given.set(key, value)
  }
  const checksum = given.get('checksum')
  if (checksum !== undefined && !isChecksum(checksum)) throw new RangeError(`the checksum "${checksum}" is no commit`)
  const revision = revisionOf(wishes.revision, given) ?? checksum
  const subdirectory = given.get('subdir')
  const directory = agreeing('subdir', wishes.directory, subdirectory && plainDirectory(subdirectory))
  const [keep, submodules] = [switchOf(given, 'keep-git-dir'), switchOf(given, 'submodules')]
  return {
    ...filled('revision', revision ?? ''),
    ...filled('directory', directory ?? ''),
    ...filled('checksum', checksum ?? ''),
    ...(keep === undefined ? {} : { keepGitDirectory: keep }),
    ...(submodules === undefined ? {} : { submodules }),
  }
}

/** Whether a text can be the beginning of a commit. */
export function isChecksum(text: string): boolean {
  return /^[0-9a-f]{7,40}$/.test(text)
}

const switches = ['keep-git-dir', 'submodules']
const known = ['ref', 'branch', 'tag', 'subdir', 'checksum', ...switches]

function revisionOf(named: string | undefined, given: ReadonlyMap<string, string>): string | undefined {
  const revision = agreeing('ref', named, given.get('ref'))
  const full = [fullName('tag', given), fullName('branch', given)].filter((name) => name !== undefined)
  const all = [...full, ...(revision === undefined ? [] : [revision])]
  if (all.length > 1) throw new RangeError('it names more than one of ref, branch and tag')
  return all[0]
}

function fullName(key: 'tag' | 'branch', given: ReadonlyMap<string, string>): string | undefined {
  const name = given.get(key)
  return name === undefined ? undefined : `refs/${key === 'tag' ? 'tags' : 'heads'}/${name}`
}

function agreeing(key: string, before: string | undefined, behind: string | undefined): string | undefined {
  if (before !== undefined && behind !== undefined && before !== behind) {
    throw new RangeError(`"${before}" and ${key}=${behind} contradict each other`)
  }
  return behind ?? before
}

function switchOf(given: ReadonlyMap<string, string>, key: string): boolean | undefined {
  const value = given.get(key)
  if (value === undefined) return undefined
  if (['', '1', 'true'].includes(value)) return true
  if (['0', 'false'].includes(value)) return false
  throw new RangeError(`"${key}" is true or false, not "${value}"`)
}

function plainDirectory(text: string): string {
  const parts = text.split('/').filter((part) => part !== '' && part !== '.')
  if (parts.includes('..')) throw new RangeError(`the directory "${text}" leads out of the repository`)
  return parts.join('/')
}

function split(text: string, mark: string): readonly [string, string | undefined] {
  const at = text.indexOf(mark)
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}

function filled<K extends string>(key: K, value: string): { readonly [name in K]?: string } {
  return value === '' ? {} : ({ [key]: value } as { readonly [name in K]: string })
}
