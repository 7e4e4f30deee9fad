import { mkdtempSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Gvisor, GvisorPlatform } from './gvisor.ts'
import { expandVariables, type PlayedPod } from './kube-node.ts'
import type { Pod } from './kube-objects.ts'
import { terminationLog, withHostPaths } from './kube-volumes.ts'
import type { Document } from './kube-yaml.ts'

export interface GvisorNode {
  /** Holds what Pods have for themselves. */
  readonly directory: string
  /** With the image that the Pod's only container is of. */
  readonly machine: Gvisor
  readonly platform?: GvisorPlatform
  readonly objects: readonly Document[]
}

/** Runs a Pod of one container as a kubelet and containerd run it whose runtime class is gVisor's, on this machine's network. */
export async function playInGvisor({ name, spec }: Pod, node: GvisorNode): Promise<PlayedPod> {
  const { directory, machine, objects, platform } = node
  const own = mkdtempSync(join(directory, `${name}-`))
  const played = withHostPaths(spec, { directory: own, claims: own, objects })
  const [container, ...others] = played.containers
  if (container === undefined || others.length > 0) throw new Error(`${name} has not one container`)
  const sources = new Map((played.volumes as readonly HostPath[]).map(({ name, hostPath }) => [name, hostPath.path]))
  const mounts = (container.volumeMounts ?? []).map(({ name, mountPath, readOnly = false }) => {
    return { source: sources.get(name)!, target: mountPath, readOnly }
  })
  const said = terminationLog(own)
  const ran = await machine.run({
    args: (container.args ?? []).map((arg) => expandVariables(arg, container)),
    env: Object.fromEntries((container.env ?? []).map(({ name, value }) => [name, value])),
    mounts: [...mounts, { source: said, target: '/dev/termination-log' }],
    capabilities: container.securityContext?.capabilities?.add ?? [],
    noNewPrivileges: container.securityContext?.allowPrivilegeEscalation === false,
    network: 'host',
    ...(platform === undefined ? {} : { platform }),
  })
  return { code: ran.code, log: ran.stdout + ran.stderr, said: readFileSync(said, 'utf8') }
}

interface HostPath {
  readonly name: string
  readonly hostPath: { readonly path: string }
}
