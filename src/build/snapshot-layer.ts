import { type StoredLayer, storeLayer } from '../image/layer.ts'
import { layerItems } from '../snapshot/layer-items.ts'
import type { LayerChanges } from '../snapshot/layer-order.ts'
import { writeTar } from '../tar/write.ts'
import { latestTimeOf } from './history.ts'
import type { BuildRooms } from './rooms.ts'
import type { StageFiles } from './stage-files.ts'

/** What has changed in a stage's files since they were watched, or a part of that, as a stored layer. */
export async function snapshotLayer(
  files: StageFiles,
  { layers, store, signal }: Pick<BuildRooms, 'layers' | 'store' | 'signal'>,
  only?: (changes: LayerChanges) => LayerChanges,
): Promise<StoredLayer> {
  const changes = await files.changes()
  const { compression = 'gzip', compressionLevel: level } = layers
  const clampMtimeNs = latestTimeOf(layers)
  const items = layerItems(changes.root ?? files.path, only?.(changes) ?? changes, {
    ...(clampMtimeNs === undefined ? {} : { clampMtimeNs }),
    onPlaced: (record, offset) => files.onPlaced?.(record, offset),
  })
  return storeLayer(store, writeTar(items), { compression, level, ...(signal === undefined ? {} : { signal }) })
}

/** The top directory is that of the layers below. */
export function withoutTop({ changed, removed }: LayerChanges): LayerChanges {
  return { changed: [...changed].filter(({ path }) => path !== ''), removed }
}
