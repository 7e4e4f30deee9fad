// Adds named images to a layout: add-images.ts <directory> <prefix> <count>
import { OciLayout } from '../../../../src/content/oci-layout.ts'
import { mediaTypes } from '../../../../src/oci/media-type.ts'

const [directory = '', prefix = '', count = '0'] = process.argv.slice(2)
const layout = await OciLayout.open(directory, { readOnly: false })
for (let i = 0; i < Number(count); i++) {
  const name = `${prefix}-${i}`
  const blob = await layout.blobs.writeBytes(new TextEncoder().encode(name))
  await layout.add({ descriptor: { mediaType: mediaTypes.ociManifest, ...blob }, name })
}
