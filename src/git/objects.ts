import type { RawPath } from '../tar/raw-path.ts'
import { ProtocolError } from './failure.ts'
import type { Pack } from './pack.ts'

export interface Commit {
  readonly name: string
  readonly tree: string
  /** When it was committed, in seconds since 1970. */
  readonly seconds: number
}

/** The commit of that name, or the one a tag of that name points to. */
export function readCommit(pack: Pack, name: string): Commit {
  const found = pack.find(name)
  if (found?.type === 'tag') return readCommit(pack, fieldOf(found.data, 'object', name))
  if (found?.type !== 'commit') {
    throw new ProtocolError(
      found === undefined ? `the repository does not give out ${name}` : `${name} is a ${found.type}, no commit`,
    )
  }
  const [, seconds] = /> (-?\d+) [+-]\d+$/.exec(fieldOf(found.data, 'committer', name)) ?? []
  return { name, tree: fieldOf(found.data, 'tree', name), seconds: Number(seconds ?? 0) }
}

function fieldOf(data: Buffer, field: string, name: string): string {
  const end = data.indexOf('\n\n')
  const head = data.toString('latin1', 0, end < 0 ? data.length : end)
  const line = head.split('\n').find((text) => text.startsWith(`${field} `))
  if (line === undefined) throw new ProtocolError(`the object ${name} has no ${field}`)
  return line.slice(field.length + 1)
}

/** One name of a directory, as git knows it. */
export interface TreeEntry {
  readonly kind: 'directory' | 'file' | 'program' | 'symlink' | 'submodule'
  readonly name: RawPath
  readonly object: string
}

/** The entries of a tree. No name of them leads elsewhere, or into git's own directory. */
export function readTree(data: Buffer): readonly TreeEntry[] {
  const entries: TreeEntry[] = []
  for (let at = 0; at < data.length; ) {
    const [blank, end] = [data.indexOf(' ', at), data.indexOf(0, at)]
    if (blank < 0 || end < blank || end + 21 > data.length)
      throw new ProtocolError('a directory of the repository is damaged')
    const name = data.toString('latin1', blank + 1, end)
    if (/^$|\/|^\.\.?$|^\.git$/i.test(name)) throw new ProtocolError(`a file of the repository has the name "${name}"`)
    const kind = kindOf(Number.parseInt(data.toString('latin1', at, blank), 8))
    entries.push({ kind, name: name as RawPath, object: data.toString('hex', end + 1, end + 21) })
    at = end + 21
  }
  return entries
}

function kindOf(mode: number): TreeEntry['kind'] {
  switch (mode & 0o170000) {
    case 0o040000:
      return 'directory'
    case 0o120000:
      return 'symlink'
    case 0o160000:
      return 'submodule'
    case 0o100000:
      return (mode & 0o100) === 0 ? 'file' : 'program'
    default:
      throw new ProtocolError(`a file of the repository has the mode ${mode.toString(8)}`)
  }
}
