import pLimit, { type LimitFunction } from 'p-limit'
import { messageOf } from '../src/errors.ts'
import type { Digest } from '../src/oci/digest.ts'
import { parseManifest } from '../src/oci/manifest.ts'
import { isIndexType } from '../src/oci/media-type.ts'
import type { Reference } from '../src/oci/reference.ts'
import type { RegistryClient } from '../src/registry/registry-client.ts'
import { collect } from '../src/stream/bytes.ts'
import { parseCacheConfig, parseCacheManifest } from './cache-image.ts'
import type { CacheItem } from './cache-item.ts'
import { type Entry, maxEntrySize } from './entry-file.ts'
import { type CacheKey, isCacheKey } from './key.ts'
import { type PlannedRemoval, type PrunePolicy, removalReason } from './prune-plan.ts'
import { isEntryError, isMissing } from './remote.ts'

export interface PruneRepositoryOptions {
  readonly client: RegistryClient
  readonly repository: Reference
  /** Age, names or everything: a repository knows neither sizes nor uses. */
  readonly policy: PrunePolicy
  /** Says what would go, and deletes nothing. */
  readonly dryRun: boolean
  readonly signal?: AbortSignal
}

/** An entry that cannot be read; only a prune of everything takes it. */
export interface DamagedEntry {
  readonly key: CacheKey
  readonly why: string
}

export interface RepositoryPruneOutcome {
  readonly removals: readonly PlannedRemoval[]
  /** What would go if no tag that is no key pointed to it. */
  readonly inUse: readonly CacheItem[]
  readonly damaged: readonly DamagedEntry[]
}

interface Found {
  readonly damaged?: DamagedEntry
  readonly chosen?: PlannedRemoval & { readonly digest: Digest }
}

/** Requests on their way at once. */
const width = 8
const batchSize = 256

/**
 * Deletes entries of a cache repository. Tags that are no keys stay, and with them manifests that they point to, as such a
 * deletion takes every tag of a manifest. The registry frees the room when it collects its garbage.
 */
export async function pruneRepository(options: PruneRepositoryOptions): Promise<RepositoryPruneOutcome> {
  const limit = pLimit(width)
  try {
    const { found, others } = await examineAll(options, limit)
    const chosen = found.flatMap((one) => one.chosen ?? [])
    const kept = chosen.length === 0 ? new Set<Digest>() : await digestsOf(others, options, limit)
    const going = chosen.filter(({ digest }) => !kept.has(digest))
    if (!options.dryRun) await Promise.all(going.map(({ item }) => limit(() => item.remove())))
    return {
      removals: going.map(({ item, why }) => ({ item, why })),
      inUse: chosen.filter(({ digest }) => kept.has(digest)).map(({ item }) => item),
      damaged: found.flatMap((one) => one.damaged ?? []),
    }
  } finally {
    limit.clearQueue()
  }
}

/** What is to be told of the entries, and the tags that are no keys. */
async function examineAll(
  options: PruneRepositoryOptions,
  limit: LimitFunction,
): Promise<{ readonly found: readonly Found[]; readonly others: readonly string[] }> {
  const { client, repository } = options
  const found: Found[] = []
  const others: string[] = []
  const batch: CacheKey[] = []
  const examine = async (): Promise<void> => {
    const keys = batch.splice(0)
    const seen = await Promise.all(keys.map((key) => limit(() => examineEntry(key, options))))
    found.push(...seen.filter(({ chosen, damaged }) => chosen !== undefined || damaged !== undefined))
  }
  for await (const tag of client.tags(repository, signalOf(options))) {
    if (isCacheKey(tag)) batch.push(tag)
    else others.push(tag)
    if (batch.length >= batchSize) await examine()
  }
  await examine()
  return { found, others }
}

async function examineEntry(key: CacheKey, options: PruneRepositoryOptions): Promise<Found> {
  const { client, repository, policy } = options
  let digest: Digest | undefined
  const remove = (gone: Digest) => async (): Promise<boolean> => {
    await client.deleteManifest(repository, gone, signalOf(options))
    return true
  }
  try {
    const { descriptor, bytes } = await client.manifest({ ...repository, tag: key }, signalOf(options))
    digest = descriptor.digest
    const item = itemOf(await entryOf(key, { bytes, mediaType: descriptor.mediaType }, options), remove(digest))
    const why = removalReason(item, policy)
    return why === undefined ? {} : { chosen: { item, why, digest } }
  } catch (error) {
    if (isMissing(error) && digest === undefined) return {}
    if (!isMissing(error) && !isEntryError(error)) throw error
    const damaged = { key, why: messageOf(error) }
    const takesAll = policy.everything === true && policy.matches === undefined
    if (digest === undefined || !takesAll) return { damaged }
    const item = { ...damagedItem(key), remove: remove(digest) }
    return { damaged, chosen: { item, why: 'chosen', digest } }
  }
}

async function entryOf(
  key: CacheKey,
  { bytes, mediaType }: { readonly bytes: Uint8Array; readonly mediaType: string },
  options: PruneRepositoryOptions,
): Promise<Entry> {
  const { config, layer } = parseCacheManifest(bytes, mediaType)
  const blob = options.client.openBlob(options.repository, config, { ...signalOf(options), atOnce: true })
  return parseCacheConfig(await collect(blob, maxEntrySize), { key, layer })
}

function itemOf({ key, text, created, layer }: Entry, remove: CacheItem['remove']): CacheItem {
  const { digest, size } = layer
  return { ...damagedItem(key), title: text, created, lastUsed: created, blobs: [{ digest, size }], remove }
}

/** All that can be said of an entry that cannot be read. */
function damagedItem(key: CacheKey): Omit<CacheItem, 'remove'> {
  const never = new Date(0)
  return {
    kind: 'layer',
    name: key,
    title: 'damaged',
    created: never,
    lastUsed: never,
    hits: undefined,
    blobs: [],
    size: 0,
  }
}

/** The manifests that tags lead to, those in an index as well. */
async function digestsOf(
  tags: readonly string[],
  options: PruneRepositoryOptions,
  limit: LimitFunction,
): Promise<ReadonlySet<Digest>> {
  const { client, repository } = options
  const digests = new Set<Digest>()
  const add = async (reference: Reference): Promise<void> => {
    const { digest, mediaType } = await client.resolve(reference, signalOf(options))
    digests.add(digest)
    if (!isIndexType(mediaType)) return
    const { bytes } = await client.manifest({ ...repository, digest }, signalOf(options))
    const parsed = parseManifest(bytes, mediaType)
    if (parsed.kind === 'index') for (const child of parsed.index.manifests) digests.add(child.digest)
  }
  const addUnlessGone = async (tag: string): Promise<void> => {
    try {
      await add({ ...repository, tag })
    } catch (error) {
      if (!isMissing(error)) throw error
    }
  }
  await Promise.all(tags.map((tag) => limit(() => addUnlessGone(tag))))
  return digests
}

function signalOf({ signal }: PruneRepositoryOptions): { readonly signal?: AbortSignal } {
  return signal === undefined ? {} : { signal }
}
