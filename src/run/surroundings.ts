import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path/posix'
import { restrictMount } from '../sys/mount-attributes.ts'
import { bindMount, mount } from '../sys/mounts.ts'
import { devices, makeDevice, makeDevicePlace, makePlace } from './devices.ts'
import { hostsFile, hostsPath } from './hosts.ts'
import type { CommandScript } from './isolation.ts'
import { mountKernelViews } from './kernel-views.ts'
import type { LaunchOrder } from './launch-order.ts'
import type { MountPoint } from './mount-points.ts'
import { provideMounts } from './provide-mounts.ts'
import { orWhereRefused } from './refusals.ts'
import { borrowed, closeStore, type Supply, store } from './store.ts'

/** What must exist in the root before `openStore` and `provideSurroundings`. */
export function mountPointsFor(files: LaunchOrder['files']): readonly MountPoint[] {
  return [
    ...['/proc', '/dev', '/sys'].map((path) => ({ path, type: 'directory' }) as const),
    ...[hostsPath, ...Object.keys(files)].map((path) => ({ path, type: 'file' }) as const),
  ]
}

/** Links in /dev to what a process has open. */
export const deviceLinks = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
} as const

/** Where a command finds its scripts. */
export const scriptDirectory = '/dev/pipes'

/** Throws TypeError for a script that is to be anywhere else. */
export function requireScriptPath({ path }: CommandScript): void {
  if (dirname(resolve(path)) !== scriptDirectory) throw new TypeError(`${path} is not in ${scriptDirectory}`)
}

type Surroundings = Pick<LaunchOrder, 'hostname' | 'files' | 'scripts' | 'processes' | 'mounts'>

/**
 * Mounts what a command finds around the image's files, in the root and namespaces this process is in: /proc, /dev, /sys,
 * some files and scripts by their contents, and what the Dockerfile wants mounted. The root has an open store. Everything is private to the command but what
 * had to be borrowed, and paths are resolved inside the root.
 */
export function provideSurroundings(surroundings: Surroundings, supply: Supply): void {
  const { hostname, scripts, processes } = surroundings
  const files = { ...surroundings.files, [hostsPath]: hostsFile(hostname) }
  for (const [i, [path, content]] of Object.entries(files).entries()) provideFile(`${store}/file-${i}`, path, content)
  provideDevices(supply)
  if (scripts.length > 0) provideScripts(scripts)
  mountKernelViews(processes, supply)
  provideMounts(surroundings.mounts)
  closeStore()
}

function provideFile(stored: string, path: string, content: string): void {
  writeFileSync(stored, content)
  chmodSync(stored, 0o644)
  bindMount(stored, path)
  restrictMount(path, ['noSuid', 'noDev', 'noExec'])
}

/** A heredoc to execute is part of the command and not of the image; /dev itself executes nothing. */
function provideScripts(scripts: readonly CommandScript[]): void {
  mkdirSync(scriptDirectory)
  for (const [i, script] of scripts.entries()) {
    requireScriptPath(script)
    const { path, content } = script
    const stored = `${store}/script-${i}`
    writeFileSync(stored, content)
    chmodSync(stored, 0o755)
    makePlace(path)
    bindMount(stored, path)
    restrictMount(path, ['noSuid', 'noDev', 'readOnly'])
  }
}

/** /dev holds no devices but these, and any that a command makes there does not open. */
function provideDevices(supply: Supply): void {
  const source = supply === 'own' ? store : borrowed
  for (const device of devices) {
    const stored = `${source}/${device}`
    if (supply === 'own') makeDevice(stored, device)
    makeDevicePlace(`/dev/${device}`)
    bindMount(stored, `/dev/${device}`)
  }
  mkdirSync('/dev/pts')
  const terminals = 'newinstance,ptmxmode=0666,mode=0620'
  // The group of terminals may have no id in a user namespace.
  orWhereRefused(
    () => mountTerminals(`${terminals},gid=5`),
    () => mountTerminals(terminals),
  )
  mkdirSync('/dev/shm')
  const shared = 'mode=1777,size=64m'
  mount({ source: 'shm', target: '/dev/shm', type: 'tmpfs', flags: ['noSuid', 'noDev', 'noExec'], data: shared })
  for (const [name, target] of Object.entries(deviceLinks)) symlinkSync(target, `/dev/${name}`)
}

function mountTerminals(data: string): void {
  mount({ source: 'devpts', target: '/dev/pts', type: 'devpts', flags: ['noSuid', 'noExec'], data })
}
