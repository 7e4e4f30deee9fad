// Looks a layer up under a lease, says whether it is there, and reads it when told to: hold-layer.ts <directory> <name>
import { once } from 'node:events'
import { localLayerCache } from '../../../../cache/local.ts'
import { Pins } from '../../../../cache/pins.ts'
import { BlobStore } from '../../../../src/content/blob-store.ts'
import { openLayer } from '../../../../src/image/layer.ts'
import { hour, keptLog, sampleKey, sampleTime } from '../samples.ts'

const [directory = '', name = ''] = process.argv.slice(2)
const { log } = keptLog()
const pins = Pins.open(directory, log)
const store = BlobStore.open(directory, { readOnly: false, pins })
const cache = localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log, now: () => sampleTime })
const found = await cache.lookup(sampleKey(name))
console.log(found === undefined ? 'missed' : 'found')
await once(process.stdin, 'data')
let size = 0
if (found !== undefined) for await (const chunk of openLayer(found.layer)) size += chunk.byteLength
console.log(`read ${size > 0}`)
pins?.close()
process.exit(0)
