import type { BlobStore } from '../src/content/blob-store.ts'
import { inBlobTurn } from '../src/content/blob-turn.ts'
import { type Layer, openLayer } from '../src/image/layer.ts'
import type { Descriptor } from '../src/oci/descriptor.ts'
import type { Digest } from '../src/oci/digest.ts'
import type { Progress } from './progress.ts'

export interface LayerFetcherOptions {
  readonly store: BlobStore
  /** Read layers that are there, and fetch those whose bytes are wrong. */
  readonly check: boolean
  /** Told of every byte that is transferred. */
  readonly progress?: Progress
  readonly signal?: AbortSignal
}

/** Brings layers into a store. Each is transferred once, whoever asks for it: other images here, or other processes. */
export class LayerFetcher {
  readonly #options: LayerFetcherOptions
  /** Layers done or under way; whether it went well. */
  readonly #tasks = new Map<Digest, Promise<boolean>>()

  constructor(options: LayerFetcherOptions) {
    this.#options = options
  }

  /** Gives those that had to be transferred. When one fails the others are finished, and kept for the next time. */
  async fetch(layers: readonly Layer[]): Promise<readonly Descriptor[]> {
    const outcomes = await Promise.allSettled(layers.map((layer) => this.#bring(layer)))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
    return layers.map((layer) => layer.descriptor).filter((_, i) => isTrue(outcomes[i]))
  }

  async #bring(layer: Layer): Promise<boolean> {
    const { digest } = layer.descriptor
    for (let other = this.#tasks.get(digest); other !== undefined; other = this.#tasks.get(digest)) {
      // What failed for another image may work for this one, which has it from another repository.
      if (await other) return false
    }
    const own = this.#transfer(layer)
    const ended = own.then(
      () => true,
      () => {
        this.#tasks.delete(digest)
        return false
      },
    )
    this.#tasks.set(digest, ended)
    return await own
  }

  async #transfer(layer: Layer): Promise<boolean> {
    const { store, progress, signal } = this.#options
    const abort = signal === undefined ? {} : { signal }
    const { descriptor } = layer
    if (await this.#isHere(descriptor)) return false
    progress?.expect(descriptor.size)
    let transferred = false
    const task = async (): Promise<void> => {
      if (await this.#isHere(descriptor)) {
        // Another process has transferred it.
        progress?.expect(-descriptor.size)
        return
      }
      const bytes = openLayer(layer, abort)
      const counted = progress?.receiving(bytes, descriptor.size) ?? bytes
      await store.write(counted, { expected: descriptor, ...abort })
      transferred = layer.kind !== 'packed'
    }
    await inBlobTurn({ directory: store.directory, digest: descriptor.digest, ...abort }, task)
    return transferred
  }

  async #isHere(descriptor: Descriptor): Promise<boolean> {
    const { store, check, signal } = this.#options
    if (!store.has(descriptor)) return false
    if (!check) return true
    try {
      for await (const _ of store.open(descriptor, signal === undefined ? {} : { signal }));
      return true
    } catch {
      signal?.throwIfAborted()
      return false
    }
  }
}

function isTrue(outcome: PromiseSettledResult<boolean> | undefined): boolean {
  return outcome?.status === 'fulfilled' && outcome.value
}
