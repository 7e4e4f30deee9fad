import type { ContainerConfig } from '../oci/image-config.ts'

/** What a container finds its programs in when the image says nothing. */
export const defaultPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** The configuration `FROM scratch` starts with. */
export const scratchConfig: ContainerConfig = { Env: [`PATH=${defaultPath}`], WorkingDir: '/' }

/** Sets variables in place where they exist, appends them where they do not. */
export function withEnv(config: ContainerConfig, pairs: readonly (readonly [string, string])[]): ContainerConfig {
  const env = [...(config.Env ?? [])]
  for (const [name, value] of pairs) {
    const at = env.findIndex((entry) => entry.startsWith(`${name}=`))
    if (at < 0) env.push(`${name}=${value}`)
    else env[at] = `${name}=${value}`
  }
  return { ...config, Env: env }
}

export function withLabels(config: ContainerConfig, labels: Readonly<Record<string, string>>): ContainerConfig {
  return Object.keys(labels).length === 0 ? config : { ...config, Labels: { ...config.Labels, ...labels } }
}

/** Image variables as name and value; an entry without "=" counts as empty. */
export function envPairs(config: ContainerConfig): readonly (readonly [string, string])[] {
  return (config.Env ?? []).map((entry) => {
    const at = entry.indexOf('=')
    return at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)]
  })
}

/** Joins a WORKDIR to the one before, as an absolute clean path. */
export function joinWorkdir(current: string | undefined, next: string): string {
  const parts: string[] = []
  for (const part of (next.startsWith('/') ? next : `${current ?? '/'}/${next}`).split('/')) {
    if (part === '..') parts.pop()
    else if (part !== '' && part !== '.') parts.push(part)
  }
  return `/${parts.join('/')}`
}

/** A list of the configuration; an empty one is left out, as Docker leaves it. */
export function withList(
  config: ContainerConfig,
  name: 'Cmd' | 'Entrypoint',
  list: readonly string[] | undefined,
): ContainerConfig {
  const { [name]: _before, ...rest } = config
  return list === undefined || list.length === 0 ? rest : { ...rest, [name]: list }
}

/**
 * "8080" → ["8080/tcp"], "7000-7002/udp" → three ports; undefined for what is no port. An address and ports of a host
 * in front ("127.0.0.1:80:8080") are read over.
 */
export function parsePorts(text: string): readonly string[] | undefined {
  const [, host, range = '', protocol] = /^(?:([0-9a-f.:[\]]*):)?([^:/]*)(?:\/(.*))?$/i.exec(text) ?? []
  const proto = (protocol ?? '').toLowerCase() || 'tcp'
  const ports = parseRange(range)
  const hostPorts = host?.slice(host.lastIndexOf(':') + 1) ?? ''
  if (ports === undefined || !['tcp', 'udp', 'sctp'].includes(proto)) return undefined
  if (hostPorts !== '' && parseRange(hostPorts) === undefined) return undefined
  const [first, last] = ports
  return Array.from({ length: last - first + 1 }, (_, i) => `${first + i}/${proto}`)
}

function parseRange(text: string): readonly [first: number, last: number] | undefined {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text)
  if (match === null) return undefined
  const first = Number(match[1])
  const last = Number(match[2] ?? match[1])
  return first > last || last > 65535 ? undefined : [first, last]
}

const signalNames =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS IOT CLD POLL'.split(
    ' ',
  )

/** Whether a STOPSIGNAL names a signal: a number from 1 to 64, "TERM", "SIGTERM", "SIGRTMIN+3". */
export function isSignal(text: string): boolean {
  if (/^\d+$/.test(text)) return Number(text) >= 1 && Number(text) <= 64
  const name = text.toUpperCase().replace(/^SIG/, '')
  return signalNames.includes(name) || /^RTMIN(\+([1-9]|1[0-5]))?$/.test(name) || /^RTMAX(-([1-9]|1[0-4]))?$/.test(name)
}
