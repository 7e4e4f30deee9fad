import pLimit from 'p-limit'
import { createHttpClient, type HttpClient } from '../http/http-client.ts'
import type { Log } from '../log.ts'
import { checkDockerConfig } from '../registry/credentials.ts'
import { createRegistryClient, type RegistryClient, type RegistryPolicy } from '../registry/registry-client.ts'
import type { Environment } from './environment.ts'
import type { RegistryFlags } from './flags/registry-flags.ts'
import { loginFile, openCredentials } from './open-credentials.ts'
import { connectedHost } from './registry-host.ts'
import { registryTls } from './registry-tls.ts'
import { version } from './version.ts'

export interface RegistryAccessOptions {
  readonly flags: RegistryFlags
  readonly environment: Environment
  /** Further tries as asked for; a few are always made. */
  readonly retries: { readonly pull: number; readonly push: number }
  /** Blobs on their way at once; 4 unless given. */
  readonly transfers?: number
  readonly log: Log
}

/** The ways to registries that a command line describes. Dispose of it to close its connections. */
export interface RegistryAccess extends AsyncDisposable {
  /** For base images, through mirrors. */
  readonly pull: RegistryClient
  /** For destinations and the cache repository, in both directions and without mirrors. */
  readonly push: RegistryClient
  /** For everything else that is downloaded, by the rules for pulling. */
  readonly http: HttpClient
  /** The same, with certificates of any kind. */
  readonly anyHttp: HttpClient
}

const triesAlwaysMade = 2

/** Throws for a Docker configuration that cannot be used, before any registry is asked. */
export async function openRegistryAccess(options: RegistryAccessOptions): Promise<RegistryAccess> {
  await checkDockerConfig(loginFile(options.environment), options.environment.logins.inline)
  const { flags, environment, retries } = options
  const { insecure, insecurePull, skipTlsVerify, skipTlsVerifyPull, mirrors, fallback } = flags
  const agent = `hearth/${version()}`
  const pushAgent = environment.clientType === undefined ? agent : `${agent},${environment.clientType}`
  const tls = registryTls(flags, environment.cwd)
  const pullHttp = httpClient(options, { tls, userAgent: agent, anyCertificate: skipTlsVerify || skipTlsVerifyPull })
  const pushHttp = httpClient(options, { tls, userAgent: pushAgent, anyCertificate: skipTlsVerify })
  const anyHttp = httpClient(options, { tls, userAgent: agent, anyCertificate: true })
  const plain = { pull: plainHttp(flags, insecurePull), push: plainHttp(flags, insecure) }
  const pull = { plainHttp: plain.pull, mirrors, fallback, retries: triesAlwaysMade + Math.max(0, retries.pull) }
  const push = {
    plainHttp: plain.push,
    mirrors: new Map(),
    fallback: true,
    retries: triesAlwaysMade + Math.max(0, retries.push),
  }
  return {
    pull: registryClient(options, pullHttp, pull),
    push: registryClient(options, pushHttp, push),
    http: pullHttp,
    anyHttp,
    async [Symbol.asyncDispose]() {
      await Promise.all([pullHttp, pushHttp, anyHttp].map((client) => client[Symbol.asyncDispose]()))
    },
  }
}

interface ClientOptions {
  readonly userAgent: string
  readonly anyCertificate: boolean
  readonly tls: ReturnType<typeof registryTls>
}

function httpClient(options: RegistryAccessOptions, o: ClientOptions): HttpClient {
  const { environment } = options
  return createHttpClient({
    tls: (host) => o.tls(host, o.anyCertificate),
    proxy: environment.proxy,
    userAgent: o.userAgent,
  })
}

function registryClient(options: RegistryAccessOptions, http: HttpClient, policy: RegistryPolicy): RegistryClient {
  const { environment, flags, transfers = 4, log } = options
  const credentials = openCredentials(environment, flags.credentialHelpers)
  return createRegistryClient({ http, credentials, policy, transfers: pLimit(transfers), log })
}

function plainHttp(flags: RegistryFlags, everywhere: boolean): (host: string) => boolean {
  const hosts = new Set(flags.insecureRegistries.map(connectedHost))
  return (host) => everywhere || hosts.has(host)
}
