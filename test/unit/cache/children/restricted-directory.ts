// Uses a cache directory that cannot be written, and prints what happened as JSON: restricted-directory.ts <directory>
import { BaseImages } from '../../../../cache/base-images.ts'
import { cacheAccess } from '../../../../cache/cache-directory.ts'
import { localLayerCache } from '../../../../cache/local.ts'
import { BlobStore } from '../../../../src/content/blob-store.ts'
import { parseReference } from '../../../../src/oci/reference.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from '../samples.ts'

const [directory = '', elsewhere = ''] = process.argv.slice(2)
const { log, lines } = keptLog()
const access = cacheAccess(directory)
const readOnly = access === 'read-only'
const store = BlobStore.open(directory, { readOnly })
const cache = localLayerCache({ directory, store, ttlMs: hour, readOnly, log, now: () => sampleTime })
const found = await cache.lookup(sampleKey('a'))
const other = await sampleLayer(openStore(elsewhere), 'b')
await cache.store(sampleEntry('b'), other)
await cache.store(sampleEntry('c'), other)
await cache.close()
const images = BaseImages.open(directory, { readOnly, log })
const warm = await images.find(parseReference('debian'), { os: 'linux', architecture: 'amd64' })
console.log(JSON.stringify({ access, found: found?.layer.descriptor.digest, warm: warm?.digest ?? null, lines }))
