/** What containers are given by Docker, by containerd and so by most clusters. */
const containerCapabilities = [
  'chown',
  'dac_override',
  'fowner',
  'fsetid',
  'kill',
  'setgid',
  'setuid',
  'setpcap',
  'net_bind_service',
  'net_raw',
  'sys_chroot',
  'mknod',
  'audit_write',
  'setfcap',
] as const

export type ContainerCapability = (typeof containerCapabilities)[number]

/** What a program is started with so that it may do no more than root in a container, and even less. */
export function asInContainer(...without: readonly ContainerCapability[]): readonly string[] {
  const kept = containerCapabilities.filter((name) => !without.includes(name))
  return ['setpriv', '--bounding-set', ['-all', ...kept.map((name) => `+${name}`)].join(',')]
}
