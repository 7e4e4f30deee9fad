// Exchanges two names, again and again, until it is killed: swap-forever.ts <one> <other>
import { bind, cPath } from '../../../src/sys/libc.ts'

const renameat2 = bind<[number, Uint8Array, number, Uint8Array, number]>(
  'int renameat2(int from, const void *old, int to, const void *new, uint32_t flags)',
)
const exchange = 2
const [one, other] = process.argv.slice(2).map((path) => cPath(path))
if (one === undefined || other === undefined) throw new TypeError('two paths are needed')
if (renameat2(-100, one, -100, other, exchange) !== 0) throw new Error('the names cannot be exchanged')
console.log('swapping')
for (;;) renameat2(-100, one, -100, other, exchange)
