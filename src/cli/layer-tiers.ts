import type { LayerCache } from '../../cache/layer-cache.ts'
import type { LocalLayerCache } from '../../cache/local.ts'
import { ociLayerCache } from '../../cache/oci-directory.ts'
import { remoteLayerCache } from '../../cache/remote.ts'
import { severalLayerCaches } from '../../cache/several.ts'
import { tieredLayerCache } from '../../cache/tiered.ts'
import type { Log } from '../log.ts'
import { parseReference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { BuildCacheOptions } from './build-cache.ts'
import type { CacheTiers } from './cache-places.ts'

/** All caches that are read or written, as one. */
export function openTiers(
  local: LocalLayerCache | undefined,
  { options, client, log }: Pick<BuildCacheOptions, 'options' | 'client' | 'log'>,
): LayerCache {
  const { cacheTiers, cacheTtlMs: ttlMs } = options
  const remote = openRemoteTiers(cacheTiers, { client, ttlMs, log })
  const { from, to } = cacheTiers
  return tieredLayerCache({
    ...(local === undefined ? {} : { local: from.local ? local : neverAsked(local) }),
    ...(remote === undefined ? {} : { remote }),
    pushRemote: to.remote.length > 0,
  })
}

/** It gets what is new, and answers nothing. */
function neverAsked(local: LocalLayerCache): LocalLayerCache {
  return {
    lookup: async () => undefined,
    store: (entry, layer, options) => local.store(entry, layer, options),
    remember: (found) => local.remember(found),
    close: () => local.close(),
  }
}

interface RemoteTierOptions {
  readonly client: RegistryClient
  /** How long a layer counts after it was made, in ms. */
  readonly ttlMs: number
  readonly log: Log
}

/** The caches beside the directory, as one; undefined when there is none. */
function openRemoteTiers({ from, to }: CacheTiers, options: RemoteTierOptions): LayerCache | undefined {
  const places = [...new Set([...from.remote, ...to.remote])]
  const tiers = places.map((place) => {
    const [reads, writes] = [from.remote.includes(place), to.remote.includes(place)]
    return { cache: openPlace(place, writes, options), reads, writes }
  })
  return tiers.length === 0 ? undefined : severalLayerCaches(tiers)
}

function openPlace(place: string, writes: boolean, { client, ...options }: RemoteTierOptions): LayerCache {
  const common = { ...options, now: () => new Date() }
  return place.startsWith('oci:')
    ? ociLayerCache({ path: place.slice('oci:'.length), readOnly: !writes, ...common })
    : remoteLayerCache({ client, repository: parseReference(place), ...common })
}
