import type { History } from '../oci/image-config.ts'
import type { Step } from '../plan/step.ts'

const epoch = new Date(0)

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
export function timeOf(now: Date, reproducible: boolean): Date {
  return reproducible ? epoch : now
}
