import { readFileSync } from 'node:fs'
import { HearthError } from '../errors.ts'
import { textIfThere } from './text-if-there.ts'

/** Capabilities that building in place uses, by their numbers, and what for. Without a required one images come out wrong. */
const uses = {
  CHOWN: { number: 0, required: true, for: 'files of other users than root' },
  DAC_OVERRIDE: { number: 1, required: true, for: 'files that their owner has closed to others' },
  FOWNER: { number: 3, required: true, for: 'modes and times of files of other users' },
  FSETID: { number: 4, required: true, for: 'setuid and setgid bits, which vanish silently without it' },
  SETGID: { number: 6, required: true, for: 'commands under another group' },
  SETUID: { number: 7, required: true, for: 'commands under another user' },
  SETFCAP: { number: 31, required: false, for: 'files with capabilities of their own' },
  KILL: { number: 5, required: false, for: 'ending what commands of other users leave behind' },
  MKNOD: { number: 27, required: false, for: 'device files' },
  SYS_CHROOT: { number: 18, required: false, for: 'commands that call chroot' },
} as const

export type CapabilityName = keyof typeof uses

export interface MissingCapability {
  readonly name: CapabilityName
  /** Nothing can be built without it. */
  readonly required: boolean
  /** What it is needed for: "device files". */
  readonly for: string
}

/** The capabilities that this process lacks to build in place. */
export function missingCapabilities(): readonly MissingCapability[] {
  return capabilitiesMissingFrom(readFileSync('/proc/self/status', 'latin1'))
}

/** The same of the process whose /proc/PID/status it is. Without the line of effective capabilities it has none. */
export function capabilitiesMissingFrom(status: string): readonly MissingCapability[] {
  const effective = effectiveIn(status)
  const all = Object.entries(uses) as readonly (readonly [CapabilityName, (typeof uses)[CapabilityName]])[]
  const missing = all.filter(([, { number }]) => ((effective >> BigInt(number)) & 1n) === 0n)
  return missing.map(([name, use]) => ({ name, required: use.required, for: use.for }))
}

/** Whether this process has every capability that the kernel knows. */
export function hasAllCapabilities(): boolean {
  const last = Number(textIfThere('/proc/sys/kernel/cap_last_cap') || Number.NaN)
  const effective = effectiveIn(readFileSync('/proc/self/status', 'latin1'))
  return effective === (1n << BigInt(Number.isNaN(last) ? 64 : last + 1)) - 1n
}

function effectiveIn(status: string): bigint {
  return BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '0'}`)
}

/** What is not required in place, but where commands get a root and devices of their own without any mount. */
const chrootUses: Partial<Record<CapabilityName, string>> = {
  SYS_CHROOT: 'giving commands their root',
  MKNOD: 'the devices that every program needs; those of the container could only be lent by a mount',
}

/** The capabilities that a process lacks for commands in a chroot, of those it lacks to build in place. */
export function missingForChroot(missing: readonly MissingCapability[]): readonly MissingCapability[] {
  return missing.map((capability) => {
    const use = chrootUses[capability.name]
    return use === undefined ? capability : { ...capability, required: true, for: use }
  })
}

/**
 * Throws "run-unavailable" when a required capability is among the missing ones; names it and how to get it. `work` is
 * what it is required for: "build in place".
 */
export function requireCapabilities(missing: readonly MissingCapability[], work = 'build in place'): void {
  const required = missing.filter((capability) => capability.required)
  if (required.length === 0) return
  const names = required.map(({ name }) => name)
  throw new HearthError({
    code: 'run-unavailable',
    message: `This container may not ${work}: it lacks ${names.map((name) => `CAP_${name}`).join(', ')}`,
    why: required.map(({ name, for: purpose }) => `CAP_${name} is for ${purpose}`).join('\n'),
    fix: `Run the container as root. In a pod: securityContext: {runAsUser: 0, capabilities: {add: [${names.join(', ')}]}}`,
  })
}
