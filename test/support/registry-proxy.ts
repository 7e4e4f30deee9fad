import { request as ask, type IncomingMessage, type ServerResponse } from 'node:http'
import { type RunningServer, startHttpServer } from './http-server.ts'

export interface RegistryProxy extends RunningServer {
  /** Answers the next requests that match ("PUT /v2/…") with 503, so many times. */
  failNext(times: number, matches: (request: string) => boolean): void
  /** Breaks the connection in the middle of the next answers that match. */
  cutNext(times: number, matches: (request: string) => boolean): void
}

interface Fault {
  times: number
  readonly kind: 'fail' | 'cut'
  readonly matches: (request: string) => boolean
}

/** A server that hands everything on to a registry, except where a test asks for a fault. */
export async function startRegistryProxy(registry: string): Promise<RegistryProxy> {
  const faults: Fault[] = []
  const add = (kind: Fault['kind']) => (times: number, matches: (request: string) => boolean) => {
    faults.unshift({ kind, times, matches })
  }
  const server = await startHttpServer((request, response) => {
    const line = `${request.method} ${request.url}`
    const fault = faults.find((candidate) => candidate.times > 0 && candidate.matches(line))
    if (fault !== undefined) fault.times -= 1
    if (fault?.kind === 'fail') response.writeHead(503).end()
    else handOn(request, response, { registry, cut: fault?.kind === 'cut' })
  })
  return Object.assign(server, { failNext: add('fail'), cutNext: add('cut') })
}

function handOn(request: IncomingMessage, response: ServerResponse, o: { registry: string; cut: boolean }): void {
  const { method, url, headers } = request
  const onward = ask(`http://${o.registry}${url}`, { method, headers })
  onward.on('response', (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers)
    if (!o.cut) answer.pipe(response)
    else
      answer.once('data', (chunk: Buffer) =>
        response.write(chunk.subarray(0, chunk.length / 2), () => response.destroy()),
      )
  })
  onward.on('error', () => response.destroy())
  request.pipe(onward)
}
