import { messageOf, systemCode } from '../errors.ts'
import { type MountAttribute, restrictMount } from '../sys/mount-attributes.ts'
import { bindMount, mount } from '../sys/mounts.ts'
import { listProcesses } from '../sys/processes.ts'
import type { ProcessView } from './launch-order.ts'
import { orWhereRefused, refusals, whereItExists } from './refusals.ts'
import { borrowed, type Supply } from './store.ts'

const strict: readonly MountAttribute[] = ['noSuid', 'noDev', 'noExec']

/** Of the kernel's files, those that tell about the whole machine or control it. */
const hiddenFiles = ['kcore', 'keys', 'latency_stats', 'sched_debug', 'timer_list', 'timer_stats']
const hiddenDirectories = ['/proc/acpi', '/proc/asound', '/proc/scsi', '/sys/firmware', '/sys/devices/virtual/powercap']
const readOnlyPaths = ['bus', 'fs', 'irq', 'sys', 'sysrq-trigger']

/** The kernel refuses a /proc of these processes alone: a container's own one hides files, and this one would not. */
export class OwnProcessesRefused extends Error {
  readonly code: string

  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
    this.code = systemCode(cause) ?? ''
  }
}

/** Mounts /proc and /sys. Throws OwnProcessesRefused where the kernel gives no /proc of a PID namespace's own. */
export function mountKernelViews(processes: ProcessView, supply: Supply): void {
  if (processes === 'own') mountOwnProcesses()
  else mountSharedProcesses()
  if (supply === 'own') mountReadOnly('sysfs', '/sys')
  else bindReadOnly(`${borrowed}/sys`, '/sys')
  // Here programs find how much memory they may use. What is borrowed has a view of it already.
  whereItExists(() => mountLimits(supply))
  for (const name of hiddenFiles) whereItExists(() => bindMount('/dev/null', `/proc/${name}`))
  for (const path of hiddenDirectories) whereItExists(() => mountReadOnly('tmpfs', path))
  for (const name of readOnlyPaths) whereItExists(() => bindReadOnly(`/proc/${name}`, `/proc/${name}`))
}

function mountOwnProcesses(): void {
  try {
    mount({ source: 'proc', target: '/proc', type: 'proc', flags: strict })
  } catch (error) {
    if (!refusals.includes(systemCode(error) ?? '')) throw error
    throw new OwnProcessesRefused(error)
  }
}

/** Whatever runs now is covered: the executor and its arguments, and what else is in the container. */
function mountSharedProcesses(): void {
  mount({ source: `${borrowed}/proc`, target: '/proc', flags: ['bind', 'recursive'] })
  restrictMount('/proc', strict, { recursive: true })
  for (const { pid } of listProcesses()) {
    if (pid !== process.pid) whereItExists(() => mountReadOnly('tmpfs', `/proc/${pid}`))
  }
}

function mountLimits(supply: Supply): void {
  const mountNew = (): void => mountReadOnly('cgroup2', '/sys/fs/cgroup')
  if (supply === 'own') mountNew()
  else orWhereRefused(mountNew, () => {})
}

function mountReadOnly(type: string, target: string): void {
  mount({ source: type, target, type, flags: [...strict, 'readOnly'] })
}

/** With all that is mounted there: a user namespace may not see what is below. */
function bindReadOnly(source: string, target: string): void {
  mount({ source, target, flags: ['bind', 'recursive'] })
  restrictMount(target, [...strict, 'readOnly'], { recursive: true })
}
