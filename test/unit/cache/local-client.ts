import { createHttpClient } from '../../../src/http/http-client.ts'
import type { Log } from '../../../src/log.ts'
import {
  createRegistryClient,
  type RegistryClient,
  type RegistryClientOptions,
} from '../../../src/registry/registry-client.ts'

/** A client for registries on this machine, without credentials. `transfers` bounds those at once; default: nothing does. */
export function localClient(
  log: Log,
  transfers: RegistryClientOptions['transfers'] = (task) => task(),
): RegistryClient & AsyncDisposable {
  const http = createHttpClient({ tls: () => ({ rejectUnauthorized: true }), userAgent: 'hearth-test' })
  const policy = { plainHttp: () => true, mirrors: new Map<string, readonly string[]>(), fallback: true, retries: 0 }
  const credentials = { find: async () => undefined }
  const client = createRegistryClient({ http, credentials, policy, transfers, log })
  return Object.assign(client, { [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() })
}
