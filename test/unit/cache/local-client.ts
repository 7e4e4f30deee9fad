import { createHttpClient } from '../../../src/http/http-client.ts'
import type { Log } from '../../../src/log.ts'
import { createRegistryClient, type RegistryClient } from '../../../src/registry/registry-client.ts'

/** A client for registries on this machine, without credentials. */
export function localClient(log: Log): RegistryClient & AsyncDisposable {
  const http = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'hearth-test' })
  const policy = { plainHttp: () => true, mirrors: new Map<string, readonly string[]>(), fallback: true, retries: 0 }
  const credentials = { find: async () => undefined }
  const client = createRegistryClient({ http, credentials, policy, transfers: (task) => task(), log })
  return Object.assign(client, { [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() })
}
