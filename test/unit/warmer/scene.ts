import { after } from 'node:test'
import { BaseImages } from '../../../cache/base-images.ts'
import { createLog, type Log } from '../../../src/log.ts'
import type { RegistryClient } from '../../../src/registry/registry-client.ts'
import { parseImage, type WantedImage } from '../../../warmer/wanted-image.ts'
import { type WarmOptions, warmImages } from '../../../warmer/warm.ts'
import type { WarmResult } from '../../../warmer/warm-result.ts'
import { type RunningRegistry, startRegistry } from '../../support/registry.ts'
import { type RegistryProxy, startRegistryProxy } from '../../support/registry-proxy.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { testClient } from '../registry/test-client.ts'
import { amd64 } from './publish.ts'

/** What the tests of one file share. */
export interface WarmScene {
  readonly directory: string
  readonly registry: RunningRegistry
  /** The same registry, where every request is noted and some can be made to fail. */
  readonly proxy: RegistryProxy
  readonly client: RegistryClient
}

/** A registry behind a proxy, for as long as the test file runs. */
export async function openWarmScene(): Promise<WarmScene> {
  const directory = temporaryDirectory({ after })
  const registry = await startRegistry()
  after(() => registry.stop())
  const proxy = await startRegistryProxy(registry.host)
  after(() => proxy[Symbol.asyncDispose]())
  const { client, [Symbol.asyncDispose]: close } = testClient()
  after(close)
  return { directory, registry, proxy, client }
}

export interface WarmRequest extends Partial<Omit<WarmOptions, 'images' | 'log'>> {
  readonly ttlMs?: number
  readonly now?: Date
  /** Gets the lines that are logged. */
  readonly lines?: string[]
}

/** A cache directory with its lines of log. */
export interface Cache {
  readonly images: BaseImages
  readonly log: Log
  readonly lines: readonly string[]
}

export function openCache(directory: string, { ttlMs, now, lines = [] }: WarmRequest = {}): Cache {
  const write = (line: string): void => void lines.push(line)
  const log = createLog({ level: 'debug', format: 'text', timestamp: false, secrets: [], write, now: () => new Date() })
  const time = now === undefined ? {} : { now: () => now }
  const images = BaseImages.open(directory, {
    readOnly: false,
    log,
    ...(ttlMs === undefined ? {} : { ttlMs }),
    ...time,
  })
  return { images, log, lines }
}

/** Names as the command line takes them → images for this platform. */
export function wanted(...names: readonly string[]): readonly WantedImage[] {
  return names.map((name) => ({ ...parseImage(name), platform: amd64 }))
}

/** Warms a cache directory with a client that does not try again. */
export async function warmDirectory(
  directory: string,
  images: readonly WantedImage[],
  request: WarmRequest = {},
): Promise<readonly WarmResult[]> {
  await using quick = testClient({ policy: { retries: 0 } })
  const { ttlMs: _, now: __, lines: ___, ...options } = request
  const { images: baseImages, log } = openCache(directory, request)
  return await warmImages(images, { client: quick.client, force: false, ...options, images: baseImages, log })
}

export function kinds(results: readonly WarmResult[]): readonly string[] {
  return results.map(({ kind }) => kind)
}
