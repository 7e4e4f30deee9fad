import type { Container, PodSpec } from './kube-objects.ts'

/** What the Pod Security Standard "baseline" lets a container add. */
const baselineCapabilities = [
  'AUDIT_WRITE',
  'CHOWN',
  'DAC_OVERRIDE',
  'FOWNER',
  'FSETID',
  'KILL',
  'MKNOD',
  'NET_BIND_SERVICE',
  'SETFCAP',
  'SETGID',
  'SETPCAP',
  'SETUID',
  'SYS_CHROOT',
]

/** Why a Pod does not fit the Pod Security Standard "baseline". Host namespaces and paths have no shape in the examples. */
export function baselineFaults(spec: PodSpec): readonly string[] {
  return containersOf(spec).flatMap(({ name, securityContext }) => [
    ...(securityContext?.privileged === true ? [`${name}: is privileged`] : []),
    ...(securityContext?.capabilities?.add ?? [])
      .filter((capability) => !baselineCapabilities.includes(capability))
      .map((capability) => `${name}: adds ${capability}`),
    ...(seccompOf(spec, securityContext) === 'Unconfined' ? [`${name}: switches seccomp off`] : []),
  ])
}

/** Why a Pod does not fit the Pod Security Standard "restricted". */
export function restrictedFaults(spec: PodSpec): readonly string[] {
  const faults = containersOf(spec).flatMap((container) => {
    const own = container.securityContext ?? {}
    const rules: Readonly<Record<string, boolean>> = {
      'allows privilege escalation': own.allowPrivilegeEscalation !== false,
      'keeps capabilities': own.capabilities?.drop?.includes('ALL') !== true,
      'adds capabilities': (own.capabilities?.add ?? []).some((capability) => capability !== 'NET_BIND_SERVICE'),
      'may be root': (own.runAsNonRoot ?? spec.securityContext?.runAsNonRoot) !== true,
      'is root': (own.runAsUser ?? spec.securityContext?.runAsUser) === 0,
      'has no seccomp profile': seccompOf(spec, own) !== 'RuntimeDefault',
    }
    return Object.keys(rules)
      .filter((rule) => rules[rule])
      .map((rule) => `${container.name}: ${rule}`)
  })
  return [...baselineFaults(spec), ...faults]
}

function containersOf({ initContainers = [], containers }: PodSpec): readonly Container[] {
  return [...initContainers, ...containers]
}

function seccompOf(spec: PodSpec, own: Container['securityContext']): string | undefined {
  return own?.seccompProfile?.type ?? spec.securityContext?.seccompProfile?.type
}
