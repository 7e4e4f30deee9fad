import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort, isListening } from './ports.ts'

export interface RegistryOptions {
  /** Basic authentication with one user. */
  readonly auth?: { readonly username: string; readonly password: string }
  /** Paths of a PEM certificate and its key: serve https instead of http. Clients must have one of `clientAuthority`. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly clientAuthority?: string }
  /** Where to keep the blobs: a directory of the caller's, which outlives the registry. Default: a temporary one. */
  readonly directory?: string
  /** Refuse to delete manifests, as a registry does that nobody has told otherwise. */
  readonly keepsAll?: boolean
  /** Refuse every push. */
  readonly readOnly?: boolean
}

export interface RunningRegistry extends AsyncDisposable {
  /** "127.0.0.1:port" */
  readonly host: string
  readonly directory: string
  /** Everything it has printed, with one line for each request. */
  log(): string
  stop(): Promise<void>
}

/** Starts Debian's docker-registry on a free loopback port and waits until it answers. */
export async function startRegistry(options: RegistryOptions = {}): Promise<RunningRegistry> {
  const own = mkdtempSync(join(tmpdir(), 'hearth-registry-'))
  const directory = options.directory ?? join(own, 'storage')
  const port = await freePort()
  const config = join(own, 'config.json')
  writeFileSync(config, JSON.stringify(configuration(options, { own, directory, port })))
  const output: string[] = []
  const child = spawn('/usr/bin/docker-registry', ['serve', config], { stdio: ['ignore', 'pipe', 'pipe'], env: {} })
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(String(chunk)))
  const killNow = (): void => void child.kill('SIGKILL')
  process.once('exit', killNow)
  const stop = async (): Promise<void> => {
    process.off('exit', killNow)
    await ended(child)
    rmSync(own, { recursive: true, force: true })
  }
  const log = (): string => output.join('')
  try {
    await untilListening(child, { port, log })
  } catch (error) {
    await stop()
    throw error
  }
  return { host: `127.0.0.1:${port}`, directory, log, stop, [Symbol.asyncDispose]: stop }
}

/** With an authority, clients must show a certificate that it has signed. */
function tlsOf({ cert, key, clientAuthority }: NonNullable<RegistryOptions['tls']>): object {
  const clients = clientAuthority === undefined ? {} : { clientcas: [clientAuthority] }
  return { certificate: cert, key, ...clients }
}

function configuration(options: RegistryOptions, at: { own: string; directory: string; port: number }): object {
  return {
    version: 0.1,
    log: { accesslog: { disabled: false }, level: 'info' },
    storage: {
      filesystem: { rootdirectory: at.directory },
      delete: { enabled: options.keepsAll !== true },
      maintenance: { uploadpurging: { enabled: false }, readonly: { enabled: options.readOnly === true } },
    },
    http: {
      addr: `127.0.0.1:${at.port}`,
      secret: 'of a test',
      ...(options.tls === undefined ? {} : { tls: tlsOf(options.tls) }),
    },
    ...(options.auth === undefined
      ? {}
      : { auth: { htpasswd: { realm: 'hearth', path: passwords(options.auth, at.own) } } }),
  }
}

function passwords(auth: { username: string; password: string }, directory: string): string {
  const path = join(directory, 'htpasswd')
  writeFileSync(
    path,
    execFileSync('htpasswd', ['-Bbn', auth.username, auth.password], { stdio: ['ignore', 'pipe', 'pipe'] }),
  )
  return path
}

async function untilListening(child: ChildProcess, o: { port: number; log: () => string }): Promise<void> {
  const deadline = Date.now() + 20_000
  while (!(await isListening(o.port))) {
    if (child.exitCode !== null) throw new Error(`docker-registry stopped at once:\n${o.log()}`)
    if (Date.now() > deadline) throw new Error(`docker-registry does not answer on port ${o.port}:\n${o.log()}`)
    await sleep(25)
  }
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise((resolve) => child.once('exit', resolve))
  child.kill('SIGKILL')
  await exit
}
