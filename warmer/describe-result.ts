import type { Descriptor } from '../src/oci/descriptor.ts'
import { formatPlatform } from '../src/oci/platform.ts'
import { formatReference } from '../src/oci/reference.ts'
import { readableSize } from './readable-size.ts'
import type { WantedImage } from './wanted-image.ts'
import type { WarmResult } from './warm-result.ts'

/** "index.docker.io/library/debian:12 (linux/amd64)" */
export function titleOf({ reference, platform }: WantedImage): string {
  return `${formatReference(reference)} (${formatPlatform(platform)})`
}

/** One line about an image: its title, then what was done, such as "warmed, sha256:…, 1 layer of 28.1 MB transferred". */
export function describeResult(result: WarmResult): string {
  return `${titleOf(result.wanted)}: ${outcome(result)}`
}

/** "3 layers of 28.1 MB" */
export function describeLayers(layers: readonly Descriptor[]): string {
  const total = layers.reduce((sum, { size }) => sum + size, 0)
  return `${layers.length} ${layers.length === 1 ? 'layer' : 'layers'} of ${readableSize(total)}`
}

function outcome(result: WarmResult): string {
  if (result.kind === 'failed') return `failed, ${result.error.message}`
  const { digest } = result.manifest
  if (result.kind === 'present') return `already warm, ${digest}`
  const effort = effortOf(result.transferred)
  if (result.kind === 'warmed') return `warmed, ${digest}, ${effort}`
  if (result.previous === undefined) return `refreshed, still ${digest}, ${effort}`
  return `refreshed, ${digest} instead of ${result.previous}, ${effort}`
}

function effortOf(transferred: readonly Descriptor[]): string {
  return transferred.length === 0 ? 'nothing to transfer' : `${describeLayers(transferred)} transferred`
}

const kinds = [
  ['warmed', 'warmed'],
  ['refreshed', 'refreshed'],
  ['present', 'already warm'],
  ['failed', 'failed'],
] as const

/** "3 images: 1 warmed, 2 already warm" */
export function describeResults(results: readonly WarmResult[]): string {
  const counts = kinds.flatMap(([kind, word]) => {
    const count = results.filter((result) => result.kind === kind).length
    return count === 0 ? [] : [`${count} ${word}`]
  })
  const images = `${results.length} ${results.length === 1 ? 'image' : 'images'}`
  return counts.length === 0 ? images : `${images}: ${counts.join(', ')}`
}
