// Writes blobs that are the same in every process: write-blobs.ts <directory> <count>
import { BlobStore } from '../../../../src/content/blob-store.ts'
import { inChunks, noise } from '../support.ts'

const [directory = '', count = '0'] = process.argv.slice(2)
const store = BlobStore.open(directory, { readOnly: false })
for (let i = 0; i < Number(count); i++) {
  const { digest } = await store.write(inChunks(noise(i, 20_000 + i * 1000), 8192))
  console.log(digest)
}
