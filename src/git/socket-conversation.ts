import { once } from 'node:events'
import { connect } from 'node:net'
import { messageOf, systemCode } from '../errors.ts'
import type { GitAddress } from './address.ts'
import { gitFailure } from './failure.ts'
import { packetLine } from './packet-lines.ts'
import { streamConversation } from './stream-conversation.ts'
import type { GitConversation } from './transport.ts'

const gitPort = 9418
const patienceMs = 30_000

/** Begins a conversation with a git daemon: git:// has neither encryption nor credentials. */
export async function socketConversation(address: GitAddress, signal?: AbortSignal): Promise<GitConversation> {
  const { hostname, port } = new URL(`http://${address.host}`)
  const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? gitPort : Number(port) })
  socket.setTimeout(patienceMs, () => socket.destroy(new Error('no answer in time')))
  const failed = (error: unknown): Error => {
    signal?.throwIfAborted()
    const reason = systemCode(error) === 'ECONNREFUSED' ? 'nothing listens there' : messageOf(error)
    return gitFailure(address, { why: reason, cause: error })
  }
  try {
    await once(socket, 'connect', signal === undefined ? {} : { signal })
    socket.write(packetLine(`git-upload-pack ${address.path}\0host=${address.host}\0`))
    const conversation = { input: socket, output: socket, end: async () => void socket.destroy(), failed, signal }
    return await streamConversation(conversation)
  } catch (error) {
    socket.destroy()
    throw failed(error)
  }
}
