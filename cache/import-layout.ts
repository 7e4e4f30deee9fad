import { BlobStore } from '../src/content/blob-store.ts'
import { type LayoutImage, OciLayout } from '../src/content/oci-layout.ts'
import { isInputsName, resolvedAnnotation } from './carried-item.ts'
import { noteDamaged } from './carried-items.ts'
import { type CarryReport, CarryTally } from './carry-report.ts'
import type { Import, ImportLayoutOptions, ImportOptions } from './import-blob.ts'
import { importImage } from './import-image.ts'
import { importLayer } from './import-layer.ts'
import { isCacheKey } from './key.ts'
import { LayerIndex } from './layer-index.ts'
import { Pins } from './pins.ts'
import { reasonOf } from './trouble.ts'

/**
 * Imports what `exportLayout` wrote, or a build with `--cache-repo=oci:`. All of it is checked before it counts, what
 * the cache has is kept unless it is damaged, and what is damaged in the layout is left out with a warning. It can be
 * repeated, and run beside builds. Throws for a layout that cannot be read at all.
 */
export async function importLayout(options: ImportLayoutOptions): Promise<CarryReport> {
  const { layout: path, directory, dryRun, selection, signal } = options
  const source = await OciLayout.open(path, { readOnly: true })
  const images = await source.images()
  const pins = dryRun ? undefined : Pins.open(directory, options.log)
  const around: Import = {
    options,
    source,
    store: BlobStore.open(directory, { readOnly: dryRun, pins }),
    tally: new CarryTally(),
  }
  try {
    for (const image of images) {
      signal?.throwIfAborted()
      await importListed(image, around)
    }
  } finally {
    if (!dryRun && selection.layers) await indexLayers(options)
    around.store.tidy()
    pins?.close()
  }
  return around.tally.report()
}

async function importListed(image: LayoutImage, around: Import): Promise<void> {
  const { selection, log } = around.options
  const { tally } = around
  const name = image.name ?? image.descriptor.digest
  const { layers, images } = selection
  try {
    if (isCacheKey(name)) {
      if (layers) await importLayer(image.descriptor, name, around)
    } else if (image.descriptor.annotations?.[resolvedAnnotation] !== undefined) {
      if (images) await importImage(image, around)
    } else if (!isInputsName(name)) tally.countForeign()
  } catch (error) {
    around.options.signal?.throwIfAborted()
    const kind = isCacheKey(name) ? 'layers' : 'images'
    noteDamaged(error, kind, { title: `${kind === 'layers' ? 'Layer' : 'Image'} ${name}`, tally, log })
  }
}

/** Failure costs the overview, nothing else. */
async function indexLayers({ directory, log }: ImportOptions): Promise<void> {
  let index: LayerIndex | undefined
  try {
    index = LayerIndex.open(directory, log)
    await index?.update([], new Map())
  } catch (error) {
    log.debug(`The index of ${directory} does not list what was imported: ${reasonOf(error)}`)
  } finally {
    index?.close()
  }
}
