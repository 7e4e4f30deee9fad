// Stores layers in a local cache until it is killed: store-forever.ts <directory> <seed>
import { localLayerCache } from '../../../../cache/local.ts'
import { hour, keptLog, openStore, sampleEntry, sampleLayer, sampleTime } from '../samples.ts'

const [directory = '', seed = ''] = process.argv.slice(2)
const { log } = keptLog()
for (let i = 0; ; i++) {
  const store = openStore(directory)
  const cache = localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log, now: () => sampleTime })
  const name = `${seed}-${i}`
  await cache.store(sampleEntry(name), await sampleLayer(store, name))
  console.log(name)
  await cache.close()
}
