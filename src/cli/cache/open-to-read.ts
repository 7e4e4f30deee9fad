import { BlobStore } from '../../content/blob-store.ts'

/** The blobs of a cache directory, to read them: what is found damaged is removed where that is possible. */
export function openToRead(directory: string): BlobStore {
  try {
    return BlobStore.open(directory, { readOnly: false })
  } catch {
    return BlobStore.open(directory, { readOnly: true })
  }
}
