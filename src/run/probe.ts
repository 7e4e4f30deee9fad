import { spawn } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { extname, join } from 'node:path'
import { text } from 'node:stream/consumers'
import { HearthError, messageOf, systemCode } from '../errors.ts'
import type { OverlayMarks } from '../rootfs/overlay-mount.ts'
import { type OverlayFinding, probeOverlay } from '../rootfs/overlay-probe.ts'
import { makeMountsPrivate } from '../sys/private-mounts.ts'
import type { Finding, RequestedTier } from './choose-tier.ts'
import { chrootIsolation } from './chroot.ts'
import type { Isolation } from './isolation.ts'
import { nodeFlags } from './launch.ts'
import { namespaceIsolation } from './namespaces.ts'
import { openUserNamespace } from './user-namespace-holder.ts'

export interface ProbeOptions {
  readonly requested: RequestedTier
  /** Where the roots of stages will be: an existing directory in which an empty one can be made for a moment. */
  readonly directory: string
  /** Where programs are looked up. */
  readonly path: string
}

export interface ProbedTiers {
  /** With `marks` where it works. */
  readonly overlay?: Finding & { readonly marks?: OverlayMarks }
  readonly namespaces?: Finding
  readonly userns?: Finding
  readonly chroot?: Finding
}

const inside = join(import.meta.dirname, `probe-inside${extname(import.meta.filename)}`)

/**
 * Tries the tiers that may be chosen, best first and until one works, by doing what a RUN does but for the command itself.
 * Tiers that were not tried are not in the result. What is tried is undone.
 */
export async function probeIsolation(options: ProbeOptions): Promise<ProbedTiers> {
  const { requested, directory, path } = options
  if (requested === 'in-place') return {}
  if (requested === 'chroot') return { chroot: await probeDirectory(chrootIsolation(), directory) }
  if (requested === 'userns') return { userns: await probeUserNamespace(directory, path) }
  const namespaces = await probeNamespaces(directory)
  if (requested === 'namespaces') return { namespaces }
  const overlay = namespaces.works ? await probeOverlays(directory) : namespaces
  if (overlay.works || namespaces.works || requested === 'overlay') return { overlay, namespaces }
  return { overlay, namespaces, userns: await probeUserNamespace(directory, path) }
}

/**
 * Whether roots in this directory can be overlays. Where they can, this process has mounts of its own from then on; see
 * `makeMountsPrivate`.
 */
export async function probeOverlays(directory: string): Promise<OverlayFinding> {
  try {
    makeMountsPrivate()
  } catch (error) {
    if (systemCode(error) === undefined) throw error
    return { works: false, why: messageOf(error) }
  }
  return probeOverlay(directory)
}

/** Whether this process can isolate commands as it is. */
export function probeNamespaces(directory: string): Promise<Finding> {
  return probeDirectory(namespaceIsolation(), directory)
}

/** Whether an isolation can run commands whose roots are directories in this one. */
function probeDirectory(isolation: Isolation, directory: string): Promise<Finding> {
  return finding(async () => {
    const root = mkdtempSync(join(directory, 'probe-'))
    const said: string[] = []
    try {
      const user = { uid: 0, gid: 0, groups: [0], home: '/' }
      // A directory cannot be started, which is found out when all else is in place.
      const command = { root, argv: ['/'], env: {}, user, workdir: '/' }
      await isolation.run(command, { onLine: (_, line) => said.push(line) })
    } catch (error) {
      // There is no command yet that could print: this is a tool, which knows better than those who miss its answer.
      if (said.length === 0) throw error
      throw new HearthError({ code: 'run-unavailable', message: said.join('; '), cause: error })
    } finally {
      rmdirSync(root)
    }
  })
}

function probeUserNamespace(directory: string, path: string): Promise<Finding> {
  return finding(async () => {
    using namespace = await openUserNamespace(path)
    const [program = '', ...args] = [...namespace.enter, process.execPath, ...nodeFlags, inside]
    const child = spawn(program, args, { cwd: '/', env: {}, stdio: ['pipe', 'pipe', 'pipe'] })
    child.stdin.on('error', () => {}).end(directory)
    const [found, said] = await Promise.all([text(child.stdout), text(child.stderr)])
    if (found === '') throw new HearthError({ code: 'run-unavailable', message: said.trim() || 'it ended at once' })
    const { works, why } = JSON.parse(found) as Finding
    if (!works) throw new HearthError({ code: 'run-unavailable', message: why ?? '' })
  })
}

async function finding(attempt: () => Promise<void>): Promise<Finding> {
  try {
    await attempt()
    return { works: true }
  } catch (error) {
    if (!(error instanceof HearthError) && systemCode(error) === undefined) throw error
    const { why, fix } = error instanceof HearthError ? error : { why: undefined, fix: undefined }
    return { works: false, why: why ?? messageOf(error), ...(fix === undefined ? {} : { fix }) }
  }
}
