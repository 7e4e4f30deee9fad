// Writes different blobs and adds each to the layout's index until it is killed: write-forever.ts <directory> <seed>
import { OciLayout } from '../../../../src/content/oci-layout.ts'
import { mediaTypes } from '../../../../src/oci/media-type.ts'
import { inChunks, noise } from '../support.ts'

const [directory = '', seed = ''] = process.argv.slice(2)
const layout = await OciLayout.open(directory, { readOnly: false })
for (let i = 0; ; i++) {
  const blob = await layout.blobs.write(inChunks(noise(`${seed} ${i}`, 300_000), 65_536))
  await layout.add({ descriptor: { mediaType: mediaTypes.ociManifest, ...blob }, name: `${seed}-${i}` })
  console.log(blob.digest)
}
