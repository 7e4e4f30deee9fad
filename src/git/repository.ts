import { randomUUID } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { diskError, isUnwritable } from '../content/disk-error.ts'
import { HearthError } from '../errors.ts'
import type { HttpClient } from '../http/http-client.ts'
import { TransportError } from '../http/transport-error.ts'
import { joinRaw, rawPath } from '../tar/raw-path.ts'
import { type GitAddress, shownAddress } from './address.ts'
import { type Advertisement, type FoundRevision, findRevision } from './advertisement.ts'
import { type CheckedOut, checkOut } from './checkout.ts'
import { gitFailure, ProtocolError } from './failure.ts'
import { writeGitDirectory } from './git-directory.ts'
import { httpConversation } from './http-conversation.ts'
import { readCommit, readTree } from './objects.ts'
import { Pack } from './pack.ts'
import { receivePack } from './receive-pack.ts'
import { socketConversation } from './socket-conversation.ts'
import { sshConversation } from './ssh-conversation.ts'
import { readSubmodules, submoduleAddress } from './submodules.ts'
import type { GitConversation, GitCredentials } from './transport.ts'
import { isCommit } from './wishes.ts'

/** How repositories are reached. */
export interface GitAccess {
  readonly http: HttpClient
  readonly credentials: GitCredentials
  /** The variables that the ssh program is started with. */
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal?: AbortSignal | undefined
}

export interface FetchOptions extends GitAccess {
  /** Existing directory, in which what is fetched gets one of its own. */
  readonly workDir: string
  readonly submodules: boolean
  /** Whether the files get the ".git" they belong to; never those of a directory of the repository. */
  readonly keepGitDirectory: boolean
  /** How many commits of the history; 0 for all of it. */
  readonly depth: number
}

export interface FetchedTree {
  /** Holds the files and nothing else. */
  readonly directory: string
  readonly commit: string
}

/** The commit that an address means; asks the server unless the address names it in full. */
export async function findCommit(address: GitAddress, access: GitAccess): Promise<string> {
  const { revision } = address.wishes
  if (isCommit(revision)) return checkedRevision(address, { object: revision, commit: revision }).commit
  return explained(address, async () => {
    await using conversation = await converse(address, access)
    return revisionOf(address, conversation.advertised).commit
  })
}

/** Fetches a commit and writes its files into a new directory. Failures are HearthErrors with a code "git-…". */
export async function fetchTree(address: GitAddress, options: FetchOptions): Promise<FetchedTree> {
  const directory = join(options.workDir, `git-${randomUUID()}`)
  await mkdir(directory, { mode: 0o755 })
  return { directory, commit: await fetchInto(directory, address, options) }
}

async function fetchInto(directory: string, address: GitAddress, options: FetchOptions): Promise<string> {
  const { workDir, depth, signal } = options
  const packFile = join(workDir, `pack-${randomUUID()}`)
  return explained(address, async () => {
    try {
      await using conversation = await converse(address, options)
      const found = revisionOf(address, conversation.advertised)
      const shallow = await receivePack(conversation, { object: found.object, depth, path: packFile, signal })
      using pack = await Pack.open(packFile, { signal })
      const commit = readCommit(pack, found.object)
      const only = address.wishes.directory
      const files = await checkOut({ pack, commit, directory, only, signal })
      if (options.submodules) await fetchSubmodules({ directory, address, options, pack, tree: commit.tree, files })
      if (options.keepGitDirectory && only === undefined) {
        const name = found.name === 'HEAD' ? branchOfHead(conversation.advertised) : found.name
        writeGitDirectory({ ...found, name, directory, address, commit, pack, packFile, shallow, files })
      }
      return commit.name
    } finally {
      await rm(packFile, { force: true })
    }
  })
}

interface Parent {
  readonly directory: string
  readonly address: GitAddress
  readonly options: FetchOptions
  readonly pack: Pack
  /** The top of the commit, which tells where submodules come from. */
  readonly tree: string
  readonly files: readonly CheckedOut[]
}

async function fetchSubmodules({ directory, address, options, pack, tree, files }: Parent): Promise<void> {
  const wanted = files.filter(({ kind }) => kind === 'submodule')
  if (wanted.length === 0) return
  const list = readTree(pack.object(tree, 'tree')).find(
    ({ name, kind }) => name === '.gitmodules' && kind !== 'symlink',
  )
  const urls = readSubmodules(list === undefined ? '' : pack.object(list.object, 'blob').toString('utf8'))
  for (const { path, object } of wanted) {
    const whole = Buffer.from(joinRaw(rawPath(address.wishes.directory ?? ''), path), 'latin1').toString('utf8')
    const url = urls.get(whole)
    if (url === undefined) throw new ProtocolError(`.gitmodules does not say where the submodule ${whole} comes from`)
    const place = join(directory, Buffer.from(path, 'latin1').toString('utf8'))
    const submodule = submoduleAddress(address, url, object)
    const credentials = credentialsFrom(address, submodule, options.credentials)
    await fetchInto(place, submodule, { ...options, credentials, keepGitDirectory: false, depth: 1 })
  }
}

/** What a repository names on another host is not told what was meant for the first one. */
function credentialsFrom(parent: GitAddress, child: GitAddress, credentials: GitCredentials): GitCredentials {
  const isSubmodule = parent.transport !== child.transport || parent.host !== child.host
  return (origin) => credentials({ ...origin, isSubmodule: origin.isSubmodule || isSubmodule })
}

function converse(address: GitAddress, access: GitAccess): Promise<GitConversation> {
  const { http, env, signal } = access
  signal?.throwIfAborted()
  switch (address.transport) {
    case 'http':
    case 'https':
      return httpConversation(address, { http, login: loginOf(address, access), signal })
    case 'git':
      return socketConversation(address, signal)
    case 'ssh':
      return sshConversation(address, { env, signal })
  }
}

/** What the address itself says goes before what is known of its host. */
function loginOf({ transport, host, user, password }: GitAddress, { credentials }: GitAccess) {
  if (user === undefined && password === undefined) return credentials({ transport, host, isSubmodule: false })
  return { username: user ?? '', password: password ?? '' }
}

function revisionOf(address: GitAddress, advertised: Advertisement): FoundRevision {
  const found = findRevision(advertised, address.wishes)
  if (found !== undefined) return checkedRevision(address, found)
  const { revision } = address.wishes
  if (revision === undefined) throw gitFailure(address, { why: 'the repository is empty' })
  throw new HearthError({
    code: 'git-revision',
    message: `${shownAddress(address)} has no branch or tag "${revision}"`,
    fix: 'Check the spelling. A commit is named by all of its 40 digits.',
  })
}

function checkedRevision(address: GitAddress, found: FoundRevision): FoundRevision {
  const { checksum, revision = 'HEAD' } = address.wishes
  if (checksum === undefined || found.commit.startsWith(checksum) || found.object.startsWith(checksum)) return found
  throw new HearthError({
    code: 'integrity',
    message: `${revision} of ${shownAddress(address)} is the commit ${found.commit}, not ${checksum}`,
  })
}

function branchOfHead({ capabilities }: Advertisement): string | undefined {
  return [...capabilities].find((ability) => ability.startsWith('symref=HEAD:'))?.slice('symref=HEAD:'.length)
}

async function explained<T>(address: GitAddress, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (error instanceof TransportError || error instanceof ProtocolError) {
      throw gitFailure(address, { why: error.message, cause: error })
    }
    throw isUnwritable(error) ? diskError(error, 'the work directory') : error
  }
}
