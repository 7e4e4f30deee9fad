// Writes blobs into a directory that gets full, and prints where they went: spill.ts <directory> <elsewhere>
import { BlobStore } from '../../../../src/content/blob-store.ts'
import { digestOf } from '../../../../src/oci/digest.ts'
import { damagedBlobs, filesBelow, inChunks, noise } from '../support.ts'

const [directory = '', elsewhere = ''] = process.argv.slice(2)
const errors: string[] = []
const spill = (error: unknown): BlobStore => {
  errors.push(String(error))
  return BlobStore.open(elsewhere, { readOnly: false })
}
const store = BlobStore.open(directory, { readOnly: false, spill })
const small = noise('small', 100_000)
const large = noise('large', 3_000_000)
const bound = noise('bound', 2_500_001)
const written = [
  await store.write(inChunks(small, 30_000)),
  await store.write(inChunks(large, 70_001)),
  await store.write(inChunks(bound, 1 << 20), { expected: { digest: digestOf(bound), size: bound.byteLength } }),
]
const holders = await Promise.all(written.map((blob) => store.holder(blob)))
console.log(
  JSON.stringify({
    right: [small, large, bound].map((bytes, i) => digestOf(bytes) === written[i]?.digest),
    places: written.map((blob) => blob.store.directory),
    holders: holders.map((holder) => holder?.directory),
    errors,
    files: filesBelow(directory).length,
    damaged: [...damagedBlobs(directory), ...damagedBlobs(elsewhere)],
  }),
)
