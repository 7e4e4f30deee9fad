import { BlockList, isIP } from 'node:net'

/** How far an address reaches; a name counts as public, except "localhost". */
export type Reach = 'public' | 'private' | 'loopback' | 'link-local'

/** Tells the reach of a URL's host name or literal address. */
export function reachOf(hostname: string): Reach {
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const family = isIP(host)
  if (family === 0) return host === 'localhost' || host.endsWith('.localhost') ? 'loopback' : 'public'
  const mapped = family === 6 ? mappedIPv4(host) : undefined
  if (mapped !== undefined) return reachOf(mapped)
  for (const [reach, list] of special) if (list.check(host, family === 4 ? 'ipv4' : 'ipv6')) return reach
  return 'public'
}

export interface PointerRules {
  /** Whether a public host may point to a private address (10.0.0.0/8 and the like). */
  readonly allowPrivate: boolean
}

/**
 * Says why the answer of `from` must not send us to `to`: a host may name addresses that reach as far as itself, but a
 * public one must not make us talk to the machine itself, its metadata service or its private network.
 */
export function refusalToFollow(from: URL, to: URL, rules: PointerRules): string | undefined {
  if (to.protocol !== 'https:' && to.protocol !== 'http:') return `${to.protocol}// is not a web address`
  if (from.protocol === 'https:' && to.protocol === 'http:') return `it leads from https to plain http (${to.host})`
  if (from.hostname === to.hostname) return undefined
  const reach = reachOf(to.hostname)
  if (reach === 'public' || reach === reachOf(from.hostname)) return undefined
  if (reach === 'private' && rules.allowPrivate) return undefined
  return `${from.host} must not lead to the ${reach} address ${to.host}`
}

/** Whether two URLs share scheme, host and port, so that credentials of one may go to the other. */
export function isSameOrigin(a: URL, b: URL): boolean {
  return a.protocol === b.protocol && a.host === b.host
}

const special: readonly (readonly [Reach, BlockList])[] = [
  ['loopback', subnets('127.0.0.0/8', '0.0.0.0/8', '::1/128', '::/128')],
  ['link-local', subnets('169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254/128')],
  ['private', subnets('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '100.64.0.0/10', 'fc00::/7')],
]

function subnets(...ranges: readonly string[]): BlockList {
  const list = new BlockList()
  for (const range of ranges) {
    const slash = range.indexOf('/')
    list.addSubnet(range.slice(0, slash), Number(range.slice(slash + 1)), range.includes(':') ? 'ipv6' : 'ipv4')
  }
  return list
}

// URL writes ::ffff:127.0.0.1 as ::ffff:7f00:1.
function mappedIPv4(host: string): string | undefined {
  const match = /^::ffff:([0-9a-f]{1,4}):([0-9a-f]{1,4})$/.exec(host)
  if (match === null) return undefined
  const [high, low] = [Number.parseInt(match[1] ?? '', 16), Number.parseInt(match[2] ?? '', 16)]
  return `${high >> 8}.${high & 255}.${low >> 8}.${low & 255}`
}
