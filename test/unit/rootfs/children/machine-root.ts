import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createLog, type Log } from '../../../../src/log.ts'
import { applyLayer } from '../../../../src/rootfs/apply.ts'
import { type IgnoredPaths, ignoredPaths } from '../../../../src/rootfs/ignored-paths.ts'
import { mountsWithin } from '../../../../src/rootfs/mounts.ts'
import type { Move } from '../../../../src/rootfs/move-mounts.ts'
import { type RawPath, rawPath } from '../../../../src/tar/raw-path.ts'
import { inChunks } from '../../../hostile/canary.ts'

/** A machine's root as `onMachine` made it, seen from within its mount namespace. */
export interface MachineRoot {
  readonly root: string
  /** Everything that is mounted, hearth's own directory, some paths that are not there, and what else one names. */
  ignored(...more: readonly string[]): IgnoredPaths
  /** The same as if nobody knew of one of the mounts. */
  ignoredBut(path: string): IgnoredPaths
  readonly log: Log
  /** Warnings so far. */
  readonly warnings: string[]
  apply(
    layer: Uint8Array,
    o?: { readonly ignored?: IgnoredPaths; readonly onMoved?: (moves: readonly Move[]) => void },
  ): Promise<void>
  /** Content of a file below the root. */
  read(path: string): string
}

type Scenes = Readonly<Record<string, (machine: MachineRoot) => Promise<void>>>

/** Plays the scene that argv names: base directory, scene. */
export async function play(scenes: Scenes): Promise<void> {
  const [base = '', name = ''] = process.argv.slice(2)
  const scene = scenes[name]
  if (scene === undefined) throw new Error(`there is no scene ${name}`)
  const machine = machineRoot(join(base, 'root'))
  await scene(machine)
  assert.equal(machine.read('proc/status'), 'precious')
}

function machineRoot(root: string): MachineRoot {
  const warnings: string[] = []
  const write = (line: string): void => void warnings.push(line)
  const log = createLog({ level: 'warn', format: 'text', timestamp: false, secrets: [], write, now: () => new Date() })
  const paths = (): readonly RawPath[] => [
    ...mountsWithin(root).map((point) => point.slice(root.length + 1) as RawPath),
    ...['kaniko', 'etc/resolv.conf', 'workspace/context'].map(rawPath),
  ]
  const ignored = (...more: readonly string[]): IgnoredPaths => ignoredPaths([...paths(), ...more.map(rawPath)])
  return {
    root,
    ignored,
    ignoredBut: (path) => ignoredPaths(paths().filter((other) => other !== path)),
    log,
    warnings,
    apply: (layer, o = {}) => applyLayer(root, inChunks(layer, 1 << 20), { log, ignored: ignored(), ...o }),
    read: (path) => readFileSync(join(root, path), 'utf8'),
  }
}
