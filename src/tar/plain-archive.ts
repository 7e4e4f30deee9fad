import { type Pack, pack } from 'tar-stream'
import { HearthError } from '../errors.ts'
import type { Bytes } from '../stream/bytes.ts'

/** A member of an archive that only carries files. */
export interface PlainFile {
  readonly name: string
  /** Bytes that `content` gives. */
  readonly size: number
  content(): Bytes
}

/** A tar of plain files: mode 0644, owner 0:0, all as old as the epoch. Throws when a content has another size. */
export async function* packArchive(files: readonly PlainFile[]): Bytes {
  const archive = pack({ highWaterMark: 1 << 20 })
  const filled = fill(archive, files)
  // What a source throws reaches the reader, who is waiting for the archive's next bytes.
  filled.catch((error: Error) => archive.destroy(error))
  try {
    yield* archive as Bytes
    await filled
  } finally {
    archive.destroy()
  }
}

async function fill(archive: Pack, files: readonly PlainFile[]): Promise<void> {
  for (const file of files) await add(archive, file)
  archive.finalize()
}

const epoch = new Date(0)

async function add(archive: Pack, file: PlainFile): Promise<void> {
  const { name, size } = file
  const header = { name, size, mode: 0o644, uid: 0, gid: 0, mtime: epoch, type: 'file' } as const
  const { member, finished } = openMember(archive, header)
  let written = 0
  for await (const chunk of file.content()) {
    written += chunk.byteLength
    if (written > size) throw wrongSize(file, `more than ${size}`)
    if (!member.write(chunk)) await Promise.race([drained(member), finished])
    // Nobody reads any more: there is no use in the rest of the source.
    if (archive.destroyed) return
  }
  if (written < size) throw wrongSize(file, `${written}`)
  member.end(undefined)
  await finished
}

type Member = ReturnType<Pack['entry']>

interface OpenMember {
  readonly member: Member
  /** Settles when the archive has taken the member whole, or never will. */
  readonly finished: Promise<void>
}

function openMember(archive: Pack, header: Parameters<Pack['entry']>[0]): OpenMember {
  const opened: { member?: Member } = {}
  const finished = new Promise<void>((resolve, reject) => {
    opened.member = archive.entry(header, (error) => (error ? reject(error) : resolve()))
    opened.member.on('error', reject)
  })
  finished.catch(() => {})
  if (opened.member === undefined) throw new TypeError('a promise did not run at once')
  return { member: opened.member, finished }
}

function drained(member: Member): Promise<void> {
  return new Promise((resolve) => member.once('drain', () => resolve()))
}

function wrongSize({ name, size }: PlainFile, actual: string): HearthError {
  return new HearthError({
    code: 'output-failed',
    message: `${name} cannot be put into the archive`,
    why: `its content has ${actual} bytes instead of ${size}`,
    fix: 'The stored copy changed while it was read: build again.',
  })
}
