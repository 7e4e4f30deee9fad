// Stores and looks up the same layers as its siblings, then prints its warnings: store-layers.ts <directory> <count>
import { localLayerCache } from '../../../../cache/local.ts'
import { hour, keptLog, openStore, sampleEntry, sampleKey, sampleLayer, sampleTime } from '../samples.ts'

const [directory = '', count = '0'] = process.argv.slice(2)
const { log, warnings } = keptLog()
const store = openStore(directory)
const cache = localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log, now: () => sampleTime })
for (let i = 0; i < Number(count); i++) {
  await cache.store(sampleEntry(`file-${i}`), await sampleLayer(store, `file-${i}`))
  if ((await cache.lookup(sampleKey(`file-${i}`))) === undefined) console.log(`file-${i} was stored and is not there`)
}
await cache.close()
for (const line of warnings()) console.log(line)
