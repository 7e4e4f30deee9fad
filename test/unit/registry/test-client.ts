import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type ErrorCode, HearthError } from '../../../src/errors.ts'
import { createHttpClient, type HttpClientOptions } from '../../../src/http/http-client.ts'
import { createLog } from '../../../src/log.ts'
import { type Descriptor, descriptorOf } from '../../../src/oci/descriptor.ts'
import { mediaTypes } from '../../../src/oci/media-type.ts'
import { parseReference, type Reference } from '../../../src/oci/reference.ts'
import { type CredentialSource, dockerConfigCredentials, noCredentials } from '../../../src/registry/credentials.ts'
import {
  createRegistryClient,
  type RegistryClient,
  type RegistryPolicy,
} from '../../../src/registry/registry-client.ts'
import { bytesOf } from '../../../src/stream/bytes.ts'

export interface TestClient extends AsyncDisposable {
  readonly client: RegistryClient
  /** "WARN …" for each line. */
  readonly lines: string[]
}

export interface TestClientOptions {
  readonly credentials?: CredentialSource
  readonly policy?: Partial<RegistryPolicy>
  readonly tls?: HttpClientOptions['tls']
  readonly transfers?: <T>(task: () => Promise<T>) => Promise<T>
}

/** A registry client with short pauses and a log that can be read. */
export function testClient(o: TestClientOptions = {}): TestClient {
  const http = createHttpClient({ tls: o.tls ?? (() => ({ rejectUnauthorized: true })), userAgent: 'hearth/test' })
  const lines: string[] = []
  const write = (line: string) => void lines.push(line)
  const log = createLog({ level: 'debug', format: 'text', timestamp: false, secrets: [], write, now: () => new Date() })
  const policy: RegistryPolicy = { plainHttp: () => false, mirrors: new Map(), fallback: true, retries: 2, ...o.policy }
  const client = createRegistryClient({
    http,
    credentials: o.credentials ?? noCredentials,
    policy,
    transfers: o.transfers ?? ((task) => task()),
    log,
    backOff: { firstMs: 5, longestMs: 20 },
  })
  return { client, lines, [Symbol.asyncDispose]: () => http[Symbol.asyncDispose]() }
}

/** The logins of a config.json with this content, which lives as long as the callback. */
export async function withLogins<T>(config: unknown, use: (credentials: CredentialSource) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), 'hearth-logins-'))
  try {
    const path = join(directory, 'config.json')
    writeFileSync(path, typeof config === 'string' ? config : JSON.stringify(config))
    return await use(dockerConfigCredentials(path))
  } finally {
    rmSync(directory, { recursive: true })
  }
}

export interface Blob {
  readonly bytes: Buffer
  readonly descriptor: Descriptor
}

export function randomBlob(size: number): Blob {
  const bytes = randomBytes(size)
  return { bytes, descriptor: descriptorOf(bytes, mediaTypes.ociLayerGzip) }
}

export async function push(client: RegistryClient, repository: Reference, blob: Blob): Promise<string> {
  return client.pushBlob(repository, blob.descriptor, { open: () => bytesOf(blob.bytes) })
}

/** Pushes a manifest with one layer, and all it needs; returns its bytes. */
export async function pushImage(
  client: RegistryClient,
  name: string,
  layer: Blob = randomBlob(1000),
): Promise<Uint8Array> {
  const reference = parseReference(name)
  const config = { bytes: Buffer.from('{}'), descriptor: descriptorOf(Buffer.from('{}'), mediaTypes.ociConfig) }
  await push(client, reference, config)
  await push(client, reference, layer)
  const manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: config.descriptor,
    layers: [layer.descriptor],
  }
  const bytes = Buffer.from(JSON.stringify(manifest))
  await client.pushManifest(reference, bytes, { mediaType: mediaTypes.ociManifest })
  return bytes
}

/** For assert.rejects: a HearthError with this code, whose whole text matches every pattern. */
export function refusal(code: ErrorCode, ...patterns: readonly RegExp[]): (error: unknown) => true {
  return (error) => {
    assert.ok(error instanceof HearthError, String(error))
    const text = [error.message, error.where, error.why, error.fix].join('\n')
    assert.equal(error.code, code, text)
    for (const pattern of patterns) assert.match(text, pattern)
    return true
  }
}
