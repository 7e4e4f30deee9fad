import { chmodSync, chownSync, closeSync, mkdirSync, openSync, rmSync } from 'node:fs'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { HearthError, messageOf } from '../errors.ts'

export interface AgentSocketOptions {
  /** The agent's own socket. */
  readonly agent: string
  /** A directory for the new socket alone; made. */
  readonly directory: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

export interface AgentSocket {
  readonly path: string
  /** Ends all connections, and takes the socket away. */
  close(): void
}

/** A second socket of an agent that runs elsewhere, with an owner and mode of its own. */
export async function openAgentSocket({ agent, directory, ...owner }: AgentSocketOptions): Promise<AgentSocket> {
  const open = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    open.add(socket)
    return socket.on('error', () => socket.destroy()).on('close', () => open.delete(socket))
  }
  const server = createServer((client) => {
    const upstream = keep(connect(agent))
    keep(client).pipe(upstream).pipe(client)
    client.on('close', () => upstream.destroy())
    upstream.on('close', () => client.destroy())
  })
  mkdirSync(directory, { mode: 0o755 })
  // The kernel takes no long paths for sockets: the directory goes by a short name, as long as the server may use it.
  const descriptor = openSync(directory, 'r')
  const path = `${directory}/agent`
  const close = (): void => {
    server.close()
    for (const socket of open) socket.destroy()
    closeSync(descriptor)
    rmSync(path, { force: true })
  }
  try {
    await listen(server, `/proc/self/fd/${descriptor}/agent`)
    chownSync(path, owner.uid, owner.gid)
    chmodSync(path, owner.mode)
    return { path, close }
  } catch (error) {
    close()
    throw unusable(directory, error)
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(path, resolve)
  })
}

function unusable(directory: string, error: unknown): HearthError {
  return new HearthError({
    code: 'run-unavailable',
    message: 'No socket can be made to reach the SSH agent by',
    where: directory,
    why: messageOf(error),
    fix: 'Choose a directory that holds sockets with --work-dir.',
    cause: error,
  })
}
