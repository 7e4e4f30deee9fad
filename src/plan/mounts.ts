import { type Mount, readMount } from '../dockerfile/mount.ts'
import { expandIn, syntax } from './change.ts'
import { joinWorkdir } from './container-config.ts'
import { type OriginSurroundings, originOf } from './origin.ts'
import type { StageState } from './stage-state.ts'
import type { StepMount } from './step.ts'

export interface MountSurroundings extends OriginSurroundings {
  readonly state: StageState
  /** What relative targets start from. */
  readonly workdir: string
}

/** What belongs to every command, and nothing can be mounted over. */
const taken = /^\/(?:proc|sys)(?:\/|$)|^\/dev$/

/** What errors call the key of a stage or image. */
const key = 'RUN --mount: from'

/** The mounts of a RUN, with variables expanded, defaults filled in and sources found. */
export function stepMountsOf(raw: readonly string[], around: MountSurroundings): readonly StepMount[] {
  let agents = 0
  return raw.map((text) => {
    const mount = readMount(text, (value) => expandIn(around.state, value))
    if (mount.type !== 'ssh') return stepMount(mount, around)
    const { id, target, ...more } = mount
    const place = target === '' ? `/run/buildkit/ssh_agent.${agents}` : placeOf(target, around)
    agents += 1
    return { ...more, id, target: place }
  })
}

function stepMount(mount: Exclude<Mount, { readonly type: 'ssh' }>, around: MountSurroundings): StepMount {
  switch (mount.type) {
    case 'bind': {
      const { from, target, ...more } = mount
      return { ...more, target: placeOf(target, around), origin: originOf(from || undefined, around, key) }
    }
    case 'cache': {
      const { from, id, target, ...more } = mount
      const origin = from === '' || from === 'scratch' ? undefined : originOf(from, around, key)
      if (origin?.kind === 'context') {
        const what = origin.name === undefined ? 'the build context' : `the files of ${origin.name}`
        throw syntax(`RUN --mount=type=cache cannot begin with ${what}`)
      }
      return { ...more, id: id || joinWorkdir('/', target), target: placeOf(target, around), origin }
    }
    case 'tmpfs':
      return { ...mount, target: placeOf(mount.target, around) }
    case 'secret': {
      const { target, ...more } = mount
      // One that becomes a variable becomes a file only where a place for it is named.
      if (target === '' && mount.env !== undefined) return { ...more, target: undefined }
      const name = mount.id.slice(mount.id.lastIndexOf('/') + 1)
      return { ...more, target: placeOf(target || `/run/secrets/${name}`, around) }
    }
  }
}

function placeOf(target: string, { workdir }: MountSurroundings): string {
  const place = joinWorkdir(workdir, target)
  if (place === '/') throw syntax(`RUN --mount: target=${target} is the root itself`)
  if (taken.test(place)) throw syntax(`RUN --mount: ${place} belongs to every command, and cannot be mounted over`)
  return place
}
