import { recordOf } from '../rootfs/record.ts'
import { resolveInRoot } from '../rootfs/resolve.ts'
import type { Root } from '../rootfs/root.ts'
import { bytesOf, collect } from '../stream/bytes.ts'
import { rawPath } from '../tar/raw-path.ts'
import { type AccountFile, type AccountFiles, largestFile, unreadable } from './accounts.ts'

/** The account files of a root as `resolveUser` and `resolveOwner` take them; those of a tree are read now. */
export async function accountFilesOf(root: Root): Promise<AccountFiles> {
  if (typeof root === 'string') return root
  const [passwd, group] = [await answer(root, '/etc/passwd'), await answer(root, '/etc/group')]
  return { text: (path) => (path === '/etc/passwd' ? passwd : group)() }
}

/** What went wrong matters only to those who need the file. */
async function answer(root: Exclude<Root, string>, path: AccountFile): Promise<() => string> {
  try {
    const text = await textOf(root, path)
    return () => text
  } catch (error) {
    return () => {
      throw error
    }
  }
}

async function textOf(root: Exclude<Root, string>, path: AccountFile): Promise<string> {
  const record = recordOf(root, resolveInRoot(root, rawPath(path), { followLast: true }))
  if (record === undefined) return ''
  if (record.type !== 'file') throw unreadable(path, 'it is not a regular file')
  if (record.size > largestFile) throw unreadable(path, `it has more than ${largestFile} bytes`)
  const content = root.nodes.content(Number(record.ino))
  const bytes = Symbol.iterator in content ? bytesOf(Buffer.concat([...content])) : content
  return (await collect(bytes, largestFile)).toString('utf8')
}
