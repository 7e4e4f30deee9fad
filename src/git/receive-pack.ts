import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Bytes } from '../stream/bytes.ts'
import type { Advertisement } from './advertisement.ts'
import { ByteReader } from './byte-reader.ts'
import { ProtocolError } from './failure.ts'
import { flush, lineText, packetLine, readPacket } from './packet-lines.ts'
import type { GitConversation } from './transport.ts'

export interface PackRequest {
  /** A commit, or a tag that points to one. */
  readonly object: string
  /** How many commits of the history; 0 for all of it. */
  readonly depth: number
  /** The file that is made. */
  readonly path: string
  readonly signal?: AbortSignal | undefined
}

/** Commits whose parents are not in the pack. */
export type Shallow = readonly string[]

/** Has the objects of a commit packed, and saves the pack. What its checksum does not confirm is a ProtocolError. */
export async function receivePack(conversation: GitConversation, request: PackRequest): Promise<Shallow> {
  const { advertised } = conversation
  if (!advertised.capabilities.has('side-band-64k')) throw new ProtocolError('the git server is too old')
  const { body, deepens } = wantLines(advertised, request)
  const reader = new ByteReader(await conversation.ask(Buffer.from(body)))
  try {
    const shallow = await readBeginning(reader, deepens)
    await savePack(packOf(reader), request)
    return shallow
  } finally {
    await reader.close()
  }
}

/** A commit that is no branch's or tag's is asked for where the server gives it; else all there is. */
function wantLines({ names, capabilities }: Advertisement, { object, depth }: PackRequest) {
  const tips = new Set(names.values())
  const givesAny = ['tip', 'reachable', 'any'].some((kind) => capabilities.has(`allow-${kind}-sha1-in-want`))
  const isGiven = tips.has(object) || givesAny
  const wanted = isGiven ? [object] : [...new Set([...names].flatMap(([name, tip]) => (isPeeled(name) ? [] : [tip])))]
  const deepens = isGiven && depth > 0 && capabilities.has('shallow')
  const abilities = ['side-band-64k', 'ofs-delta', 'no-progress', 'agent=hearth']
  const offered = abilities.filter((ability) => ability.startsWith('agent=') || capabilities.has(ability))
  const lines = wanted.map((name, index) => `want ${name}${index === 0 ? ` ${offered.join(' ')}` : ''}\n`)
  if (deepens) lines.push(`deepen ${depth}\n`)
  return { body: `${lines.map(packetLine).join('')}${flush}${packetLine('done\n')}`, deepens }
}

function isPeeled(name: string): boolean {
  return name.endsWith('^{}')
}

async function readBeginning(reader: ByteReader, deepens: boolean): Promise<Shallow> {
  const shallow: string[] = []
  for (let isList = deepens; ; ) {
    const packet = await readPacket(reader)
    if (packet === undefined) throw new ProtocolError('the answer ends in the middle')
    if (packet === 'flush') {
      if (!isList) throw new ProtocolError('the answer holds no pack')
      isList = false
      continue
    }
    const line = lineText(packet)
    if (line === 'NAK') return shallow
    if (line.startsWith('shallow ')) shallow.push(line.slice('shallow '.length))
  }
}

/** The bytes of the pack among what else the server says. */
async function* packOf(reader: ByteReader): Bytes {
  for (;;) {
    const packet = await readPacket(reader)
    if (packet === undefined || packet === 'flush') return
    if (packet[0] === 1) yield packet.subarray(1)
    else if (packet[0] === 3) throw new ProtocolError(`the server says: ${packet.subarray(1).toString('utf8').trim()}`)
  }
}

const trailerSize = 20

async function savePack(pack: Bytes, { path, signal }: PackRequest): Promise<void> {
  const digest = createHash('sha1')
  let trailer = Buffer.alloc(0)
  async function* checked(): Bytes {
    for await (const chunk of pack) {
      const all = Buffer.concat([trailer, chunk])
      digest.update(all.subarray(0, -trailerSize))
      trailer = all.subarray(-trailerSize)
      yield chunk
    }
  }
  const file = createWriteStream(path, { flags: 'wx', mode: 0o600 })
  await pipeline(Readable.from(checked(), { objectMode: false }), file, signal === undefined ? {} : { signal })
  if (!digest.digest().equals(trailer)) throw new ProtocolError('the pack is damaged: its checksum is another one')
}
