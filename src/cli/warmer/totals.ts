import type { ImageItem } from '../../../cache/image-items.ts'

/** "1 image", "3 images" */
export function countText(count: number): string {
  return `${count} ${count === 1 ? 'image' : 'images'}`
}

/** Bytes of all blobs, each once. */
export function totalSize(items: readonly ImageItem[]): number {
  const sizes = new Map(items.flatMap(({ blobs }) => blobs.map(({ digest, size }) => [digest, size] as const)))
  return [...sizes.values()].reduce((sum, size) => sum + size, 0)
}
