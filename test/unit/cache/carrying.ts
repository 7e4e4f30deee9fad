import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { BaseImages } from '../../../cache/base-images.ts'
import type { CarryReport } from '../../../cache/carry-report.ts'
import { everything } from '../../../cache/carry-selection.ts'
import { type ExportLayoutOptions, exportLayout } from '../../../cache/export-layout.ts'
import type { ImportLayoutOptions } from '../../../cache/import-blob.ts'
import { importLayout } from '../../../cache/import-layout.ts'
import { type LocalLayerCache, localLayerCache } from '../../../cache/local.ts'
import { finishImage } from '../../../src/image/image.ts'
import type { StoredLayer } from '../../../src/image/layer.ts'
import type { PulledImage } from '../../../src/image/pulled-image.ts'
import { type Digest, digestOf } from '../../../src/oci/digest.ts'
import { parsePlatform } from '../../../src/oci/platform.ts'
import { parseReference } from '../../../src/oci/reference.ts'
import { temporaryDirectory } from '../content/support.ts'
import { hour, keptLog, openStore, sampleEntry, sampleLayer, sampleTime } from './samples.ts'

export const amd64 = parsePlatform('linux/amd64')
export const indexDigest = digestOf('an index')

export function openLayers(directory: string, kept = keptLog()): LocalLayerCache {
  const store = openStore(directory)
  const now = (): Date => sampleTime
  return localLayerCache({ directory, store, ttlMs: hour, readOnly: false, log: kept.log, now })
}

/** Adds sample layers to a cache directory. */
export async function addLayers(directory: string, ...names: readonly string[]): Promise<readonly StoredLayer[]> {
  const cache = openLayers(directory)
  const layers: StoredLayer[] = []
  for (const name of names) {
    const layer = await sampleLayer(openStore(directory), name)
    await cache.store(sampleEntry(name), layer)
    layers.push(layer)
  }
  await cache.close()
  return layers
}

/** Adds a warmed image of two layers to a cache directory, resolved at `sampleTime`, or later by so many ms. */
export async function addImage(
  t: TestContext,
  directory: string,
  o: { text: string; resolved?: Digest; after?: number },
): Promise<PulledImage> {
  const store = openStore(temporaryDirectory(t))
  const layers = [await sampleLayer(store, 'shared'), await sampleLayer(store, o.text)]
  const config = {
    ...amd64,
    config: { Labels: { o: o.text } },
    diffIDs: layers.map(({ diffID }) => diffID),
    history: [],
  }
  const image = { config, layers, annotations: {} }
  const { manifestDescriptor, manifestBytes, configBytes } = finishImage(image)
  const pulled = { manifestDescriptor, manifestBytes, configBytes, image }
  const resolvedDigest = o.resolved ?? manifestDescriptor.digest
  await openImages(directory, o.after).add(pulled, {
    reference: parseReference(o.text),
    platform: amd64,
    resolvedDigest,
  })
  return pulled
}

export function openImages(directory: string, after = 0): BaseImages {
  const now = (): Date => new Date(sampleTime.getTime() + after)
  return BaseImages.open(directory, { readOnly: false, log: keptLog().log, now })
}

export function exportTo(
  directory: string,
  target: string,
  more: Partial<ExportLayoutOptions> = {},
): Promise<CarryReport> {
  const common = { selection: everything, link: false, dryRun: false, log: keptLog().log }
  return exportLayout({ directory, store: openStore(directory), target, ...common, ...more })
}

export function importFrom(
  layout: string,
  directory: string,
  more: Partial<ImportLayoutOptions> = {},
): Promise<CarryReport> {
  return importLayout({ layout, directory, selection: everything, dryRun: false, log: keptLog().log, ...more })
}

export function counts(added: number, more: Partial<CarryReport['layers']> = {}): CarryReport['layers'] {
  return { added, kept: 0, incomplete: 0, damaged: 0, ...more }
}

interface IndexDocument {
  manifests: { digest: string; annotations: Record<string, string>; [name: string]: unknown }[]
}

/** Changes what a layout lists. */
export function editIndex(layout: string, edit: (index: IndexDocument) => void): void {
  const path = join(layout, 'index.json')
  const index = JSON.parse(readFileSync(path, 'utf8')) as IndexDocument
  edit(index)
  writeFileSync(path, JSON.stringify(index))
}
