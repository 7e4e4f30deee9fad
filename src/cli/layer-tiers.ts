import { resolve } from 'node:path'
import type { LayerCache } from '../../cache/layer-cache.ts'
import type { LocalLayerCache } from '../../cache/local.ts'
import { ociLayerCache } from '../../cache/oci-directory.ts'
import { remoteLayerCache } from '../../cache/remote.ts'
import { type TieredLayerCache, tieredLayerCache } from '../../cache/tiered.ts'
import { parseRepository } from '../oci/reference.ts'
import type { BuildCacheOptions } from './build-cache.ts'
import type { RemotePlace } from './cache-places.ts'

type Around = Pick<BuildCacheOptions, 'options' | 'client' | 'log'>

/** All caches that are read or written, as one. */
export function openTiers(local: LocalLayerCache | undefined, around: Around): TieredLayerCache {
  const { cachePlaces } = around.options
  const remotes = cachePlaces.remotes.map((place) => {
    return { cache: openPlace(place, around), read: place.read, write: place.write }
  })
  const near = local === undefined || cachePlaces.local.read ? local : neverAsked(local)
  return tieredLayerCache({ ...(near === undefined ? {} : { local: near }), remotes })
}

function openPlace({ name, write }: RemotePlace, { options, client, log }: Around): LayerCache {
  const { cacheTtlMs: ttlMs, environment } = options
  const common = { ttlMs, log, now: () => new Date() }
  return name.startsWith('oci:')
    ? ociLayerCache({ path: resolve(environment.cwd, name.slice('oci:'.length)), readOnly: !write, ...common })
    : remoteLayerCache({ client, repository: parseRepository(name), ...common })
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
