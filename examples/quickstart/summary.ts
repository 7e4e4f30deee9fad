import { readFileSync } from 'node:fs'
import { join } from 'node:path'

export interface BuildOutcome {
  /** What the executor printed. */
  readonly output: string
  readonly seconds: number
}

export interface Summary {
  readonly first: BuildOutcome
  readonly second: BuildOutcome
  readonly layout: string
  readonly tar: string
  readonly cache: string
  /** A command that builds the example again. */
  readonly rebuild: string
}

/** The few lines at the end: what was built, how long it took, where it is, what to do next. */
export function summary({ first, second, layout, tar, cache, rebuild }: Summary): string {
  const { digest, layers } = readManifest(layout)
  const total = layers.reduce((sum, layer) => sum + layer.size, 0)
  return [
    '',
    `Image    ${digest}`,
    `Layers   ${layers.length}, ${size(total)} (${layers.map((layer) => size(layer.size)).join(', ')})`,
    `Build 1  ${first.seconds.toFixed(1)} s, ${cacheLine(first.output)}`,
    `Build 2  ${second.seconds.toFixed(1)} s, ${cacheLine(second.output)}`,
    `Outputs  ${layout} (OCI layout), ${tar} (docker-archive), ${cache} (cache)`,
    '',
    'Try next: change examples/quickstart/pages/index.txt, and build only what that changes:',
    `  ${rebuild}`,
    'Or, where podman is installed, run the image:',
    `  podman load -i ${tar} && podman run --rm docker.io/hearth/quickstart:1 cache`,
    '',
  ].join('\n')
}

/** The executor's own count: "cache: 5 hits (local 5, remote 0), 0 misses". */
export function cacheCounts(output: string): { readonly hits: number; readonly misses: number } | undefined {
  const found = /\bcache: (\d+) hits? .*, (\d+) miss/.exec(output)
  return found === null ? undefined : { hits: Number(found[1]), misses: Number(found[2]) }
}

function cacheLine(output: string): string {
  return /\bcache: (\d+ hit.*)/.exec(output)?.[1] ?? 'no cache summary'
}

interface LayoutEntry {
  readonly digest: string
  readonly size: number
}

function readManifest(layout: string): { readonly digest: string; readonly layers: readonly LayoutEntry[] } {
  const index: { manifests: LayoutEntry[] } = JSON.parse(readFileSync(join(layout, 'index.json'), 'utf8'))
  const digest = index.manifests.at(-1)?.digest ?? ''
  const blob = join(layout, 'blobs', digest.replace(':', '/'))
  const manifest: { layers: LayoutEntry[] } = JSON.parse(readFileSync(blob, 'utf8'))
  return { digest, layers: manifest.layers }
}

function size(bytes: number): string {
  if (bytes < 1e3) return `${bytes} B`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
