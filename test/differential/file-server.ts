import { type RunningServer, startHttpServer } from '../support/http-server.ts'

export type FileServer = RunningServer

/** A web server with a few files, and with a redirect to one of them. */
export function startFileServer(): Promise<FileServer> {
  return startHttpServer(({ url = '' }, response) => {
    const path = url.replace(/\?.*/, '')
    if (path === '/moved') return void response.writeHead(302, { location: '/files/plain.txt' }).end()
    const content = files[path]
    if (content === undefined) return void response.writeHead(404).end()
    response.writeHead(200, { 'last-modified': 'Sun, 09 Sep 2001 01:46:40 GMT' }).end(content)
  })
}

const files: Readonly<Record<string, string>> = {
  '/files/plain.txt': 'from the web\n',
  '/files/with space.txt': 'a blank\n',
  '/files/with%20space.txt': 'a blank\n',
  '/': 'no name\n',
}
