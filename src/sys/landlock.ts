import { closeSync } from 'node:fs'
import { systemCode } from '../errors.ts'
import { bind, checked } from './libc.ts'

const createCall = bind<[number: number, attributes: Uint8Array, size: number, flags: number]>(
  'long syscall(long number, const void *attributes, size_t size, unsigned int flags)',
)
const restrictCall = bind<[number: number, ruleset: number, flags: number]>(
  'long syscall(long number, int ruleset, unsigned int flags)',
)

/** Landlock's system calls, which C libraries do not have. The same on every machine. */
const [createNumber, restrictNumber] = [444, 446]

/** What a ruleset can keep to the processes below it. */
const [abstractSockets, signals] = [1n, 2n]

/** No Landlock, switched off, an older one that knows no scopes, forbidden by a seccomp profile, or used up. */
const absences = ['ENOSYS', 'EOPNOTSUPP', 'E2BIG', 'EINVAL', 'EPERM']

/**
 * Keeps what the calling thread starts from now on among itself: it cannot signal, trace or look into (/proc/PID/root, fd,
 * and without CAP_PERFMON environ, mem …) other processes, nor connect to their sockets without a path. The thread itself
 * is bound by that, too; others may still signal what it starts. False where the kernel does not do it: before Linux 6.12,
 * or where Landlock is off or forbidden.
 */
export function confineProcesses(): boolean {
  const ruleset = whereKnown(() => create(attributesOf(abstractSockets | signals)))
  if (ruleset === undefined) return false
  try {
    return whereKnown(() => checked('landlock_restrict_self', restrictCall(restrictNumber, ruleset, 0))) !== undefined
  } finally {
    closeSync(ruleset)
  }
}

/** Whether `confineProcesses` would work, as far as the kernel and seccomp profiles go. */
export function canConfineProcesses(): boolean {
  const ruleset = whereKnown(() => create(attributesOf(abstractSockets | signals)))
  if (ruleset !== undefined) closeSync(ruleset)
  return ruleset !== undefined
}

function create(attributes: Uint8Array): number {
  return checked('landlock_create_ruleset', createCall(createNumber, attributes, attributes.byteLength, 0))
}

/** Nothing of files and networks, and these scopes. */
function attributesOf(scopes: bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([0n, 0n, scopes]).buffer)
}

function whereKnown(call: () => number): number | undefined {
  try {
    return call()
  } catch (error) {
    if (!absences.includes(systemCode(error) ?? '')) throw error
    return undefined
  }
}
