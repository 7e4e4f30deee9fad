import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path/posix'
import { makeDirectory } from '../content/durable.ts'
import { messageOf, systemCode } from '../errors.ts'
import { restrictMount } from '../sys/mount-attributes.ts'
import { bindMount, mount } from '../sys/mounts.ts'
import { makePlace } from './devices.ts'
import type { OrderedMount } from './ordered-mounts.ts'
import { store } from './store.ts'

/** A mount that the Dockerfile asks for, and that cannot be had. */
export class MountRefused extends Error {
  readonly code: string

  constructor(target: string, cause: unknown) {
    super(`${target}: ${messageOf(cause)}`, { cause })
    this.code = systemCode(cause) ?? ''
  }
}

/** While the old root is there: takes what is mounted from it into the store, which is at `inside`. */
export function takeSources(inside: string, mounts: readonly OrderedMount[]): void {
  for (const [i, wanted] of mounts.entries()) {
    if (!('source' in wanted)) continue
    refusable(wanted, () => {
      const kept = `${inside}/mount-${i}`
      if (wanted.place === 'directory') mkdirSync(kept)
      else makePlace(kept)
      mount({ source: wanted.source, target: kept, flags: ['bind', 'recursive'] })
    })
  }
}

/**
 * Makes the mounts at their targets, in the root and namespaces this process is in, from what is in the store. Places
 * that lie in mounts made before are made there if they are missing.
 */
export function provideMounts(mounts: readonly OrderedMount[]): void {
  for (const [i, wanted] of mounts.entries()) {
    refusable(wanted, () => {
      makeMissing(wanted.target, wanted.place)
      provide(wanted, `${store}/mount-${i}`)
    })
  }
}

function provide(wanted: OrderedMount, kept: string): void {
  const { target } = wanted
  switch (wanted.kind) {
    case 'tmpfs':
      provideMemory(wanted)
      break
    case 'secret':
      provideSecret(wanted, kept)
      break
    case 'socket':
      bindMount(kept, target)
      restrictMount(target, ['noSuid', 'noDev', 'noExec'])
      break
    case 'files':
    case 'cache':
      mount({ source: kept, target, flags: ['bind', 'recursive'] })
      restrictMount(target, wanted.readOnly ? ['noDev', 'readOnly'] : ['noDev'], { recursive: true })
  }
}

function provideSecret(secret: OrderedMount & { readonly kind: 'secret' }, kept: string): void {
  const { target, content, uid, gid, mode } = secret
  writeFileSync(kept, Buffer.from(content, 'base64'), { mode: 0o600 })
  chownSync(kept, uid, gid)
  chmodSync(kept, mode)
  bindMount(kept, target)
  restrictMount(target, ['noSuid', 'noDev', 'noExec', 'readOnly'])
}

/** It has the mode and owner of the directory it covers. */
function provideMemory({ target, size, readOnly, covered }: OrderedMount & { readonly kind: 'tmpfs' }): void {
  const { mode, uid, gid } = covered ?? { mode: 0o1777, uid: 0, gid: 0 }
  const data = [`mode=${mode.toString(8)}`, `uid=${uid}`, `gid=${gid}`, ...(size === undefined ? [] : [`size=${size}`])]
  mount({ source: 'tmpfs', target, type: 'tmpfs', flags: ['noSuid', 'noDev'], data: data.join(',') })
  if (readOnly) restrictMount(target, ['readOnly'])
}

function makeMissing(target: string, place: OrderedMount['place']): void {
  if (statSync(target, { throwIfNoEntry: false }) !== undefined) return
  makeDirectory(place === 'directory' ? target : dirname(target))
  if (place === 'file') makePlace(target)
}

function refusable(wanted: OrderedMount, work: () => void): void {
  try {
    work()
  } catch (error) {
    throw new MountRefused(wanted.target, error)
  }
}
