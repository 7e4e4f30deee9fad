import { Flights } from '../../../../cache/flights.ts'
import type { CacheKey } from '../../../../cache/key.ts'

// Leads the flight of a key in a cache directory, says so, and goes on until it is killed.
const [directory = '', key = ''] = process.argv.slice(2)
const flights = new Flights({ directory, patienceMs: 0 })
const { turn } = await flights.board({ key: key as CacheKey, madeOn: 'base', onWait: () => {} })
console.log(turn)
setInterval(() => {}, 1000)
