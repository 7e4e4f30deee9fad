import type { LayerCache } from '../../cache/layer-cache.ts'
import { ociLayerCache } from '../../cache/oci-directory.ts'
import { remoteLayerCache } from '../../cache/remote.ts'
import { severalLayerCaches } from '../../cache/several.ts'
import type { Log } from '../log.ts'
import { parseReference } from '../oci/reference.ts'
import type { RegistryClient } from '../registry/registry-client.ts'
import type { CacheTiers } from './cache-places.ts'

export interface RemoteTierOptions {
  readonly client: RegistryClient
  /** How long a layer counts after it was made, in ms. */
  readonly ttlMs: number
  readonly log: Log
}

/** The caches beside the directory, as one; undefined when there is none. */
export function openRemoteTiers({ from, to }: CacheTiers, options: RemoteTierOptions): LayerCache | undefined {
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
