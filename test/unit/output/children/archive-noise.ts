import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { HearthError } from '../../../../src/errors.ts'
import { finishImage } from '../../../../src/image/image.ts'
import { storeLayer } from '../../../../src/image/layer.ts'
import { dockerArchive } from '../../../../src/output/docker-archive.ts'
import { bytesOf } from '../../../../src/stream/bytes.ts'
import { noise } from '../../content/support.ts'
import { imageOf, newStore } from '../../image/samples.ts'

// Writes an image of one megabyte as an archive. argv: a directory with room, the one for the archive.
// Prints the error's code and place, then what is left in the directory.
const [room = '', output = ''] = process.argv.slice(2)
const layer = await storeLayer(newStore(room), bytesOf(noise('layer', 1 << 20)), { level: 1 })
try {
  await dockerArchive({ path: join(output, 'image.tar'), tags: [] }).write(finishImage(imageOf([layer])))
} catch (error) {
  process.stdout.write(`${error instanceof HearthError ? `${error.code} ${error.where}` : error}\n`)
}
process.stdout.write(`${readdirSync(output).join(' ')}\n`)
