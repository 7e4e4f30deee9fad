import { hostname } from 'node:os'
import { setHostname } from '../sys/namespaces.ts'
import { orWhereRefused } from './refusals.ts'
import type { Supply } from './store.ts'

/** Where every program finds the name of the machine it runs on. */
export const hostsPath = '/etc/hosts'

/** What it says on a machine of this name. */
export function hostsFile(name: string): string {
  return `127.0.0.1\tlocalhost ${name}\n::1\tlocalhost ip6-localhost ip6-loopback\n`
}

/**
 * Gives the machine this name, and gives the name it has then: some seccomp profiles forbid that to containers even in a
 * user namespace, where it keeps that of the container.
 */
export function nameMachine(name: string, supply: Supply): string {
  if (supply === 'own') setHostname(name)
  else
    orWhereRefused(
      () => setHostname(name),
      () => {},
    )
  return supply === 'own' ? name : hostname()
}
