import { mkdirSync, rmdirSync, unlinkSync } from 'node:fs'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { bindMount, mount, unmount } from '../sys/mounts.ts'
import { onDisk, rawPath } from '../tar/raw-path.ts'
import { devices, makeDevice, makePlace } from './devices.ts'
import type { ProcessView } from './launch-order.ts'
import { orWhereRefused } from './refusals.ts'

/** Where the store is once its root is "/": in a /dev that is the command's own. */
export const store = '/dev/store'

/** In the store, what the old root had of it: the devices, proc and sys. */
export const borrowed = `${store}/borrowed`

/** Whether the kernel gives devices and a /sys to this process, or they have to be those of the old root. */
export type Supply = 'own' | 'borrowed'

/**
 * Mounts a /dev on that of a root and a store in it: of single files that are bound elsewhere, and of what can be had
 * only as long as the old root is there. A container's user namespace gets no devices and no /sys.
 */
export function openStore(root: string, processes: ProcessView): Supply {
  const place = devicesOf(root)
  mount({
    source: 'tmpfs',
    target: place,
    type: 'tmpfs',
    flags: ['noSuid', 'noDev', 'noExec'],
    data: 'mode=755,size=64m',
  })
  const inside = storeIn(root)
  mkdirSync(inside)
  mount({ source: 'tmpfs', target: inside, type: 'tmpfs', flags: ['noSuid'], data: 'mode=700,size=64m' })
  if (processes === 'own' && supplyOf(inside) === 'own') return 'own'
  borrow(`${inside}${borrowed.slice(store.length)}`)
  return 'borrowed'
}

/** Where the store is as long as another root is "/". */
export function storeIn(root: string): string {
  return `${devicesOf(root)}${store.slice('/dev'.length)}`
}

function devicesOf(root: string): string {
  return onDisk(root, resolveInRoot(root, rawPath('/dev'), { followLast: true })).toString()
}

/** Takes the store and all in it out of sight; what was bound elsewhere stays. */
export function closeStore(): void {
  unmount(store, { detach: true })
  rmdirSync(store)
}

/** Tells by trying. */
function supplyOf(inside: string): Supply {
  const trial = `${inside}/trial`
  let supply: Supply = 'own'
  const refused = (): void => {
    supply = 'borrowed'
  }
  orWhereRefused(() => {
    makeDevice(trial, 'null')
    unlinkSync(trial)
    mkdirSync(trial)
    mount({ source: 'sysfs', target: trial, type: 'sysfs' })
    unmount(trial)
  }, refused)
  return supply
}

/** With all that is mounted in them: a user namespace may not see what is below. */
function borrow(directory: string): void {
  mkdirSync(directory)
  for (const name of ['proc', 'sys']) {
    mkdirSync(`${directory}/${name}`)
    mount({ source: `/${name}`, target: `${directory}/${name}`, flags: ['bind', 'recursive'] })
  }
  for (const device of devices) {
    makePlace(`${directory}/${device}`)
    bindMount(`/dev/${device}`, `${directory}/${device}`)
  }
}
