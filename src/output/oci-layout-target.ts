import { OciLayout } from '../content/oci-layout.ts'
import { type BlobTarget, copyImage } from './copy-image.ts'
import type { Output } from './output.ts'

export interface OciLayoutTargetOptions {
  /** Made when it is missing; the image it holds is replaced. */
  readonly directory: string
  /** What the image is called in there. */
  readonly name: string
}

/** An OCI image layout with this one image in it. */
export function ociLayoutTarget({ directory, name }: OciLayoutTargetOptions): Output {
  return {
    title: directory,
    async write(image, options = {}) {
      const layout = await OciLayout.open(directory, { readOnly: false })
      await copyImage(image, targetIn(layout, name), { parallel: 4, ...options })
    },
  }
}

function targetIn(layout: OciLayout, name: string): BlobTarget {
  const { blobs } = layout
  return {
    async putBlob({ descriptor, open }, { signal }) {
      // One of the right size may still hold other bytes.
      if (await blobs.check(descriptor)) return
      await blobs.write(open(), { expected: descriptor, ...(signal === undefined ? {} : { signal }) })
    },
    async putManifest({ manifestBytes, manifestDescriptor }) {
      await blobs.writeBytes(manifestBytes)
      await layout.replace([{ descriptor: manifestDescriptor, name }])
    },
  }
}
