import { mkdirSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'

export interface NameDaemon extends AsyncDisposable {
  /** How many times somebody has called it. */
  calls(): number
}

/** The user that the daemon says everybody is. */
export const daemonsUser = 'trap'

const protocolVersion = 2
const [headerSize, userById] = [12, 1]

/** Listens in a root where glibc's name service cache daemon does, and answers for users: everyone is `daemonsUser`. */
export async function startNameDaemon(root: string): Promise<NameDaemon> {
  let calls = 0
  const server = createServer((socket) => {
    calls++
    answer(socket)
  })
  const directory = join(root, 'run/nscd')
  mkdirSync(directory, { recursive: true })
  await new Promise<void>((resolve) => server.listen(join(directory, 'socket'), resolve))
  return {
    calls: () => calls,
    [Symbol.asyncDispose]: () => new Promise((resolve) => server.close(() => resolve())),
  }
}

/** Reads one request: version, type, length of a key, the key. Whatever else is asked, the line is cut. */
function answer(socket: Socket): void {
  let request: Buffer = Buffer.alloc(0)
  socket.on('error', () => {})
  socket.on('data', (chunk) => {
    request = Buffer.concat([request, chunk])
    if (request.length < headerSize || request.length < headerSize + request.readInt32LE(8)) return
    if (request.readInt32LE(4) === userById) socket.end(user())
    else socket.destroy()
  })
}

/** A record of passwd: numbers, the sizes of the texts among them, then the texts. */
function user(): Buffer {
  const [name, password, comment, home, shell] = [daemonsUser, 'x', '', '/', '/bin/sh'].map((text) => `${text}\0`)
  const sizes = [name, password, comment, home, shell].map((text) => text!.length)
  const numbers = [protocolVersion, 1, sizes[0]!, sizes[1]!, 0, 0, sizes[2]!, sizes[3]!, sizes[4]!]
  const head = Buffer.alloc(4 * numbers.length)
  for (const [i, number] of numbers.entries()) head.writeInt32LE(number, 4 * i)
  return Buffer.concat([head, Buffer.from([name, password, comment, home, shell].join(''), 'latin1')])
}
