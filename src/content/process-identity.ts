import { readFileSync, readlinkSync } from 'node:fs'
import { systemCode } from '../errors.ts'

/** "<boot> <pid namespace> <pid>": process ids only mean something within one boot and one namespace. */
export function processIdentity(): string {
  return `${processSpace() ?? '- -'} ${process.pid}`
}

function processSpace(): string | undefined {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`
  } catch {
    return undefined
  }
}

/** Whether the process of an identity, which may stand at the beginning of a text, is known to be gone. */
export function ownerIsDead(holder: string): boolean {
  const [boot, namespace, pid] = holder.split(' ')
  if (`${boot} ${namespace}` !== processSpace() || !/^[0-9]+$/.test(pid ?? '')) return false
  try {
    process.kill(Number(pid), 0)
    return false
  } catch (error) {
    return systemCode(error) === 'ESRCH'
  }
}
