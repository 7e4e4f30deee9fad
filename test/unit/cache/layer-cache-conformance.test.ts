import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { type LocalLayerCache, localLayerCache } from '../../../cache/local.ts'
import { ociLayerCache } from '../../../cache/oci-directory.ts'
import { remoteLayerCache } from '../../../cache/remote.ts'
import { tieredLayerCache } from '../../../cache/tiered.ts'
import { parseRepository } from '../../../src/oci/reference.ts'
import { type CachePlace, type CacheSurroundings, layerCacheSuite } from '../../suites/layer-cache.suite.ts'
import { startRegistry } from '../../support/registry.ts'
import { temporaryDirectory } from '../content/support.ts'
import { localClient } from './local-client.ts'
import { keptLog, openStore } from './samples.ts'

layerCacheSuite('local', (t) => localPlace(t))
layerCacheSuite('oci directory', (t) => ociPlace(t))
layerCacheSuite('remote', (t) => remotePlace(t))

layerCacheSuite('tiered over local only', (t) => {
  const local = localPlace(t)
  return { open: (around) => tieredLayerCache({ local: local.open(around), remotes: [] }), spoil: local.spoil }
})

layerCacheSuite('tiered over oci directory only', (t) => {
  const remote = ociPlace(t)
  return {
    open: (around) => tieredLayerCache({ remotes: [{ cache: remote.open(around), read: true, write: true }] }),
    spoil: remote.spoil,
  }
})

layerCacheSuite('tiered over local that is always new, and remote', async (t) => {
  const remote = await remotePlace(t)
  return {
    open: (around) => {
      return tieredLayerCache({
        local: localPlace(t).open(around),
        remotes: [{ cache: remote.open(around), read: true, write: true }],
      })
    },
    spoil: remote.spoil,
  }
})

layerCacheSuite('tiered over an empty place that is only read, and a repository', async (t) => {
  const [empty, full] = [ociPlace(t), await remotePlace(t)]
  return {
    open: (around) => {
      const remotes = [
        { cache: empty.open(around), read: true, write: false },
        { cache: full.open(around), read: true, write: true },
      ]
      return tieredLayerCache({ remotes })
    },
    spoil: full.spoil,
  }
})

interface LocalPlace extends CachePlace {
  open(around: CacheSurroundings): LocalLayerCache
}

function localPlace(t: TestContext): LocalPlace {
  const directory = temporaryDirectory(t)
  return {
    open: (around) => localLayerCache({ directory, store: openStore(directory), readOnly: false, ...around }),
    spoil: () => {
      const entries = join(directory, 'entries')
      for (const name of readdirSync(entries))
        writeFileSync(join(entries, name), readFileSync(join(entries, name)).subarray(1))
    },
  }
}

function ociPlace(t: TestContext): CachePlace {
  const path = join(temporaryDirectory(t), 'layout')
  return {
    open: (around) => ociLayerCache({ path, ...around }),
    spoil: () => writeFileSync(join(path, 'index.json'), '{'),
  }
}

async function remotePlace(t: TestContext): Promise<CachePlace> {
  const registry = await startRegistry()
  t.after(() => registry.stop())
  const client = localClient(keptLog().log)
  t.after(() => client[Symbol.asyncDispose]())
  const repository = parseRepository(`${registry.host}/team/cache`)
  return { open: (around) => remoteLayerCache({ client, repository, ...around }), spoil: () => registry.stop() }
}
