import { lstatSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownerIsDead } from '../src/content/process-identity.ts'
import { systemCode } from '../src/errors.ts'
import { namesIn } from './documents.ts'

/** A lease that was not touched for so long belongs to nobody any more, in ms. */
const deadAfterMs = 300_000

const leaseName = /^[0-9a-f]{24}\.(pin|all)$/

/** What living processes use of a cache directory. */
export interface LivePins {
  has(name: string): boolean
  /** How many processes there are. */
  readonly processes: number
  /** Files of leases whose owners are gone. */
  readonly dead: readonly string[]
}

/** Reads the leases of a cache directory. `now` is the time by the clock of its filesystem, in ms. */
export function readLivePins(directory: string, now: number): LivePins {
  const pins = join(directory, 'pins')
  const names = new Set<string>()
  const dead: string[] = []
  let processes = 0
  let everything = false
  for (const file of namesIn(pins).filter((name) => leaseName.test(name))) {
    const path = join(pins, file)
    const lease = readLease(path)
    if (lease === undefined) continue
    if (ownerIsDead(lease.owner) || now - lease.touched > deadAfterMs) {
      dead.push(path)
      continue
    }
    processes += 1
    everything ||= file.endsWith('.all')
    for (const name of lease.names) names.add(name)
  }
  return { has: (name) => everything || names.has(name), processes, dead }
}

interface Lease {
  readonly owner: string
  readonly touched: number
  readonly names: readonly string[]
}

/** Undefined when it has been removed meanwhile; one that cannot be read is an error. */
function readLease(path: string): Lease | undefined {
  try {
    const touched = lstatSync(path).mtimeMs
    const [owner = '', ...names] = readFileSync(path, 'latin1').split('\n')
    return { owner, touched, names: names.filter((name) => name !== '') }
  } catch (error) {
    if (['ENOENT', 'ESTALE'].includes(systemCode(error) ?? '')) return undefined
    throw error
  }
}
