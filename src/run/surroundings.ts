import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path/posix'
import { systemCode } from '../errors.ts'
import { bindMount, type MountFlag, mount, unmount } from '../sys/mounts.ts'
import { makeNode } from '../sys/node.ts'
import type { CommandScript } from './isolation.ts'
import type { LaunchOrder } from './launch-order.ts'

/** Directories that must exist in the root, as the files must, before `provideSurroundings`. */
export const mountDirectories = ['/proc', '/dev', '/sys'] as const

const strict: readonly MountFlag[] = ['noSuid', 'noDev', 'noExec']

/** Devices every program may count on: major and minor number. */
const devices = {
  null: [1, 3],
  zero: [1, 5],
  full: [1, 7],
  random: [1, 8],
  urandom: [1, 9],
  tty: [5, 0],
} as const

const deviceLinks = {
  fd: '/proc/self/fd',
  stdin: '/proc/self/fd/0',
  stdout: '/proc/self/fd/1',
  stderr: '/proc/self/fd/2',
  ptmx: 'pts/ptmx',
} as const

const scriptDirectory = '/dev/pipes'

/** Of the kernel's files, those that tell about the whole machine or control it. */
const hiddenFiles = ['kcore', 'keys', 'latency_stats', 'sched_debug', 'timer_list', 'timer_stats']
const hiddenDirectories = ['/proc/acpi', '/proc/asound', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap']
const readOnlyPaths = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger']

/**
 * Mounts what a command finds around the image's files, in the root and namespaces this process is in: /proc, /dev, /sys
 * and some files and scripts by their contents. Everything is private to the command, and paths are resolved inside the root.
 */
export function provideSurroundings({ files, scripts }: Pick<LaunchOrder, 'files' | 'scripts'>): void {
  // A store of single files that are bound elsewhere: it is gone from sight once /sys is mounted.
  mount({ source: 'tmpfs', target: '/sys', type: 'tmpfs', flags: ['noSuid'], data: 'mode=700,size=64m' })
  for (const [i, [path, content]] of Object.entries(files).entries()) provideFile(`/sys/file-${i}`, path, content)
  mountDevices('/sys')
  if (scripts.length > 0) provideScripts('/sys', scripts)
  unmount('/sys', { detach: true })
  mountReadOnly('sysfs', '/sys')
  mount({ source: 'proc', target: '/proc', type: 'proc', flags: strict })
  // Here programs find how much memory they may use.
  whereItExists(() => mountReadOnly('cgroup2', '/sys/fs/cgroup'))
  for (const name of hiddenFiles) whereItExists(() => bindMount('/dev/null', `/proc/${name}`))
  for (const path of hiddenDirectories) whereItExists(() => mountReadOnly('tmpfs', path))
  for (const name of readOnlyPaths) whereItExists(() => makeReadOnly(`/proc/${name}`))
}

function provideFile(store: string, path: string, content: string): void {
  writeFileSync(store, content)
  chmodSync(store, 0o644)
  bindMount(store, path, strict)
}

/** A heredoc to execute is part of the command and not of the image; /dev itself executes nothing. */
function provideScripts(store: string, scripts: readonly CommandScript[]): void {
  mkdirSync(scriptDirectory)
  for (const [i, { path, content }] of scripts.entries()) {
    if (dirname(resolve(path)) !== scriptDirectory) throw new TypeError(`${path} is not in ${scriptDirectory}`)
    writeFileSync(`${store}/script-${i}`, content)
    chmodSync(`${store}/script-${i}`, 0o755)
    writeFileSync(path, '')
    bindMount(`${store}/script-${i}`, path, ['noSuid', 'noDev', 'readOnly'])
  }
}

/** /dev holds no devices but these, and any that a command makes there does not open. */
function mountDevices(store: string): void {
  mount({ source: 'tmpfs', target: '/dev', type: 'tmpfs', flags: strict, data: 'mode=755,size=64m' })
  for (const [name, [major, minor]] of Object.entries(devices)) {
    makeNode(Buffer.from(`${store}/${name}`), { type: 'character', mode: 0o666, major, minor })
    chmodSync(`${store}/${name}`, 0o666)
    writeFileSync(`/dev/${name}`, '')
    bindMount(`${store}/${name}`, `/dev/${name}`)
  }
  mkdirSync('/dev/pts')
  const terminals = 'newinstance,ptmxmode=0666,mode=0620,gid=5'
  mount({ source: 'devpts', target: '/dev/pts', type: 'devpts', flags: ['noSuid', 'noExec'], data: terminals })
  mkdirSync('/dev/shm')
  mount({ source: 'shm', target: '/dev/shm', type: 'tmpfs', flags: strict, data: 'mode=1777,size=64m' })
  for (const [name, target] of Object.entries(deviceLinks)) symlinkSync(target, `/dev/${name}`)
}

function mountReadOnly(type: string, target: string): void {
  mount({ source: type, target, type, flags: [...strict, 'readOnly'] })
}

function makeReadOnly(path: string): void {
  bindMount(path, path, [...strict, 'readOnly'])
}

/** Kernels differ in which of these they have. */
function whereItExists(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!['ENOENT', 'ENODEV'].includes(systemCode(error) ?? '')) throw error
  }
}
