import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'

export interface RunningServer extends AsyncDisposable {
  /** "127.0.0.1:port" */
  readonly host: string
  /** "GET /path" for each request so far. */
  readonly requests: string[]
}

/** A real HTTP server on a free loopback port, for behaviour that no well-made server shows on demand. */
export async function startHttpServer(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<RunningServer> {
  const requests: string[] = []
  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the kernel named no port')
  const stop = (): Promise<void> => {
    server.closeAllConnections()
    return new Promise((resolve) => server.close(() => resolve()))
  }
  return { host: `127.0.0.1:${address.port}`, requests, [Symbol.asyncDispose]: stop }
}
