// Writes a blob, then a file, that do not fit, and prints what happened: overfill.ts <directory>
import { join } from 'node:path'
import { writeFileAtomically } from '../../../../src/content/atomic-file.ts'
import { BlobStore } from '../../../../src/content/blob-store.ts'
import { filesBelow, inChunks, noise } from '../support.ts'

const [directory = ''] = process.argv.slice(2)
const store = BlobStore.open(directory, { readOnly: false })
const kept = await store.writeBytes(noise('small', 1000))
const failures: unknown[] = []
await store.write(inChunks(noise('large', 4 << 20), 65_536)).catch((error) => failures.push(error))
await writeFileAtomically(join(directory, 'large.json'), noise('large', 4 << 20)).catch((error) => failures.push(error))
const told = failures.map((error) => ({ ...(error as object), message: (error as Error).message, cause: undefined }))
console.log(JSON.stringify({ told, files: filesBelow(directory), kept: store.has(kept) }))
