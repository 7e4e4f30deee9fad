import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Certificate } from './certificate.ts'
import { run } from './command.ts'
import { freePort, isListening } from './ports.ts'
import type { Lifetime } from './temp.ts'

export interface GitHttpOptions {
  /** Holds the repositories. */
  readonly root: string
  readonly certificate?: Certificate
  /** Asked of every request. */
  readonly login?: { readonly username: string; readonly password: string }
  /** Where a request goes instead. */
  readonly redirect?: (path: string) => string | undefined
}

export interface GitHttpServer {
  /** "127.0.0.1:port" */
  readonly host: string
  readonly requests: { readonly line: string; readonly authorization: string | undefined }[]
}

/** Git's own server program behind a real HTTP server. */
export async function startGitHttp(owner: Lifetime, options: GitHttpOptions): Promise<GitHttpServer> {
  const requests: GitHttpServer['requests'] = []
  const answer: RequestListener = (request, response) => {
    const { authorization } = request.headers
    requests.push({ line: `${request.method} ${request.url}`, authorization })
    const elsewhere = options.redirect?.(request.url ?? '')
    if (elsewhere !== undefined) response.writeHead(302, { location: elsewhere }).end()
    else if (options.login !== undefined && authorization !== basicOf(options.login)) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
    } else serve(options.root, request, response)
  }
  const { certificate } = options
  const server =
    certificate === undefined
      ? createServer(answer)
      : createSecureServer({ cert: readFileSync(certificate.cert), key: readFileSync(certificate.key) }, answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  owner.after(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })
  const address = server.address()
  if (typeof address !== 'object' || address === null) throw new Error('the kernel named no port')
  return { host: `127.0.0.1:${address.port}`, requests }
}

export function basicOf({ username, password }: { readonly username: string; readonly password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
}

/** Common Gateway Interface: the request in variables and standard input, the answer on standard output. */
function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const child = spawn('git', ['-c', 'safe.directory=*', 'http-backend'], {
    env: {
      ...{ PATH: process.env.PATH ?? '', HOME: '/nonexistent', GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1' },
      ...{ REQUEST_METHOD: request.method ?? 'GET', PATH_INFO: decodeURIComponent(url.pathname) },
      ...{ QUERY_STRING: url.search.slice(1), CONTENT_TYPE: request.headers['content-type'] ?? '' },
      ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  request.pipe(child.stdin).on('error', () => {})
  let head: Buffer | undefined = Buffer.alloc(0)
  child.stdout.on('data', (chunk: Buffer) => {
    if (head === undefined) return void response.write(chunk)
    head = Buffer.concat([head, chunk])
    const end = head.indexOf('\r\n\r\n')
    if (end < 0) return
    const lines = head.toString('latin1', 0, end).split('\r\n')
    for (const line of lines) {
      const [name = '', value = ''] = line.split(/: (.*)/s)
      if (name === 'Status') response.statusCode = Number.parseInt(value, 10)
      else response.setHeader(name, value)
    }
    response.write(head.subarray(end + 4))
    head = undefined
  })
  child.once('close', () => response.end())
}

/** A git daemon that gives out every repository below a directory; gives its "host:port". */
export async function startGitDaemon(owner: Lifetime, root: string): Promise<string> {
  const port = await freePort()
  const args = [
    'daemon',
    '--export-all',
    `--base-path=${root}`,
    '--listen=127.0.0.1',
    `--port=${port}`,
    '--reuseaddr',
    root,
  ]
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: '/nonexistent' },
    ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
  }
  await started(owner, spawn('git', args, { env, stdio: 'ignore', detached: true }), port)
  return `127.0.0.1:${port}`
}

export interface SshServer {
  readonly port: number
  /** A GIT_SSH_COMMAND that gets in. */
  readonly command: string
}

/** An OpenSSH server with keys of its own, made in a directory; a client with the key may do what root may. */
export async function startSsh(owner: Lifetime, directory: string): Promise<SshServer> {
  const port = await freePort()
  for (const name of ['host', 'user']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(directory, name)])
  }
  const authorized = join(directory, 'authorized')
  writeFileSync(authorized, readFileSync(join(directory, 'user.pub')))
  const known = join(directory, 'known')
  writeFileSync(known, `[127.0.0.1]:${port} ${readFileSync(join(directory, 'host.pub'), 'utf8')}`)
  const config = join(directory, 'sshd_config')
  const lines = [
    ...[`Port ${port}`, 'ListenAddress 127.0.0.1', `HostKey ${join(directory, 'host')}`, 'PermitRootLogin yes'],
    ...[`AuthorizedKeysFile ${authorized}`, 'StrictModes no', 'UsePAM no', 'PasswordAuthentication no', 'PidFile none'],
  ]
  writeFileSync(config, `${lines.join('\n')}\n`)
  // Where Debian's server keeps what it separates from itself.
  mkdirSync('/run/sshd', { recursive: true, mode: 0o755 })
  await started(owner, spawn('/usr/sbin/sshd', ['-D', '-e', '-f', config], { stdio: 'ignore', detached: true }), port)
  const options = [`-i ${join(directory, 'user')}`, '-o IdentitiesOnly=yes', `-o UserKnownHostsFile=${known}`]
  return { port, command: `ssh -F none ${options.join(' ')}` }
}

async function started(owner: Lifetime, child: ChildProcess, port: number): Promise<void> {
  const ended = once(child, 'exit')
  owner.after(async () => {
    if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) process.kill(-child.pid)
    await ended
  })
  for (let tries = 0; tries < 200; tries++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`)
    if (await isListening(port)) return
    await sleep(50)
  }
  throw new Error(`${child.spawnfile} does not listen`)
}
