import type { IncomingMessage, ServerResponse } from 'node:http'
import { type RunningServer, startHttpServer } from '../../support/http-server.ts'

export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A server that answers the look whether it speaks http; `answer` has the rest. Its requests leave that look out. */
export async function startFaulty(answer: Answer): Promise<RunningServer> {
  const requests: string[] = []
  const server = await startHttpServer((request, response) => {
    if (request.url === '/v2/') return void response.end()
    requests.push(`${request.method} ${request.url}`)
    answer(request, response)
  })
  return { ...server, requests }
}
