import { messageOf, systemCode } from '../errors.ts'
import { startLoopback } from '../sys/loopback.ts'
import { unshare } from '../sys/namespaces.ts'
import type { CommandNetwork } from './isolation.ts'

/** The kernel refuses this process a network namespace. */
export class NetworkRefused extends Error {
  readonly code: string

  constructor(cause: unknown) {
    super(messageOf(cause), { cause })
    this.code = systemCode(cause) ?? ''
  }
}

/** Takes the network away from this process and what it starts, if that is asked for; a loopback is left to them. */
export function enterNetwork(network: CommandNetwork): void {
  if (network === 'host') return
  try {
    unshare(['network'])
    startLoopback()
  } catch (error) {
    throw new NetworkRefused(error)
  }
}
