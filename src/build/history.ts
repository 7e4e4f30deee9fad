import type { History } from '../oci/image-config.ts'
import type { Step } from '../plan/step.ts'
import type { LayerOptions } from './rooms.ts'

const beginning = new Date(0)

/** The history entry of a step: `created` is when its layer was made, or for a step without layer, the one before. */
export function historyOf(step: Step, created: Date, options: { readonly emptyLayer: boolean }): History {
  return {
    created: created.toISOString(),
    created_by: step.createdBy,
    comment: 'hearth.dockerfile.v0',
    ...(options.emptyLayer ? { empty_layer: true } : {}),
  }
}

/** When the newest part of an image was made; undefined when nothing says so. */
export function newestOf(history: readonly History[], created: string | undefined): Date | undefined {
  const times = [created, ...history.map((entry) => entry.created)]
    .map((text) => (text === undefined ? Number.NaN : Date.parse(text)))
    .filter((time) => Number.isFinite(time))
  return times.length === 0 ? undefined : new Date(Math.max(...times))
}

/** The time written for something made now. */
export function timeOf(now: Date, layers: Pick<LayerOptions, 'reproducible' | 'epoch'>): Date {
  return layers.epoch ?? (layers.reproducible ? beginning : now)
}

/** Whether times do not tell when something was made. */
export function isTimeFixed({ reproducible, epoch }: Pick<LayerOptions, 'reproducible' | 'epoch'>): boolean {
  return reproducible || epoch !== undefined
}

/** The latest time a file of a new layer may have, in ns; undefined where all keep their own. */
export function latestTimeOf({
  reproducible,
  epoch,
}: Pick<LayerOptions, 'reproducible' | 'epoch'>): bigint | undefined {
  return reproducible ? BigInt((epoch ?? beginning).getTime()) * 1_000_000n : undefined
}
