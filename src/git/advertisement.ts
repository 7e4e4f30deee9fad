import type { ByteReader } from './byte-reader.ts'
import { ProtocolError } from './failure.ts'
import { lineText, readPacket } from './packet-lines.ts'
import { type GitWishes, isCommit } from './wishes.ts'

/** What a repository has, as its server tells it first. */
export interface Advertisement {
  /** Object by full name, HEAD among them; "name^{}" is what the tag of that name points to. */
  readonly names: ReadonlyMap<string, string>
  readonly capabilities: ReadonlySet<string>
}

/** Reads the list of names that a server begins with. */
export async function readAdvertisement(reader: ByteReader): Promise<Advertisement> {
  const names = new Map<string, string>()
  let capabilities: readonly string[] = []
  for (;;) {
    const packet = await readPacket(reader)
    if (packet === undefined) throw new ProtocolError('the answer ends in the middle')
    if (packet === 'flush') break
    const [line = '', abilities] = lineText(packet).split('\0')
    if (abilities !== undefined) capabilities = abilities.split(' ').filter((ability) => ability !== '')
    const [, object, name] = /^([0-9a-f]{40,64}) (.+)$/.exec(line) ?? []
    if (object === undefined || name === undefined) {
      if (/^version |^shallow /.test(line)) continue
      throw new ProtocolError('the answer is not one of a git server')
    }
    if (name !== 'capabilities^{}') names.set(name, object)
  }
  const format = capabilities.find((ability) => ability.startsWith('object-format='))
  if (format !== undefined && format !== 'object-format=sha1') {
    throw new ProtocolError(`the repository names its objects by ${format.slice('object-format='.length)}, not by sha1`)
  }
  return { names, capabilities: new Set(capabilities) }
}

export interface FoundRevision {
  /** A commit, or a tag that points to one. */
  readonly object: string
  /** What the tag points to, if it is one. */
  readonly commit: string
  /** The full name, of a revision that was named. */
  readonly name?: string
}

/**
 * The commit a revision names: the name as it stands or below refs/, else a branch, else a tag; a commit as it is.
 * Undefined when the repository has nothing of the name.
 */
export function findRevision({ names }: Advertisement, { revision = 'HEAD' }: GitWishes): FoundRevision | undefined {
  const candidates = [revision, `refs/${revision}`, `refs/heads/${revision}`, `refs/tags/${revision}`]
  const name = candidates.find((candidate) => !candidate.endsWith('^{}') && names.has(candidate))
  const object = name === undefined ? undefined : names.get(name)
  if (name !== undefined && object !== undefined) return { object, commit: names.get(`${name}^{}`) ?? object, name }
  return isCommit(revision) ? { object: revision, commit: revision } : undefined
}
