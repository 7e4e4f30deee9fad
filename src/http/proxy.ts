import { BlockList, isIP } from 'node:net'
import { HearthError } from '../errors.ts'
import { reachOf } from './reach.ts'

/** The values of HTTP_PROXY, HTTPS_PROXY and NO_PROXY. */
export interface ProxySettings {
  readonly http?: string
  readonly https?: string
  readonly noProxy?: string
}

/** The proxy for a URL, or undefined for a direct connection. The machine itself is never asked through a proxy. */
export function proxyFor(url: URL, settings: ProxySettings): URL | undefined {
  const setting = (url.protocol === 'https:' ? settings.https : settings.http)?.trim()
  if (setting === undefined || setting === '') return undefined
  if (reachOf(url.hostname) === 'loopback' || isExempt(url, settings.noProxy ?? '')) return undefined
  const proxy = URL.parse(setting.includes('://') ? setting : `http://${setting}`)
  if (proxy !== null && (proxy.protocol === 'http:' || proxy.protocol === 'https:')) return proxy
  throw new HearthError({
    code: 'usage',
    message: `The proxy for ${url.protocol}// addresses is not a usable address`,
    fix: 'Set HTTP_PROXY and HTTPS_PROXY to http://host:port or https://host:port.',
  })
}

function isExempt(url: URL, noProxy: string): boolean {
  const host = url.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  const port = url.port !== '' ? url.port : url.protocol === 'https:' ? '443' : '80'
  const rules = noProxy.split(/[\s,]+/).filter((rule) => rule !== '')
  return rules.some((rule) => matches(rule.toLowerCase(), { host, port }))
}

function matches(rule: string, target: { host: string; port: string }): boolean {
  if (rule === '*') return true
  if (rule.includes('/')) return isInSubnet(rule, target.host)
  const [name, port] = splitPort(rule)
  if (port !== undefined && port !== target.port) return false
  const bare = name.replace(/^\*?\./, '')
  if (target.host.endsWith(`.${bare}`)) return true
  // ".example.com" means the names below it only, "example.com" itself too.
  return bare === name && target.host === name
}

function splitPort(rule: string): readonly [string, string | undefined] {
  const match = /^\[([^\]]*)\](?::(\d+))?$/.exec(rule) ?? (isIP(rule) === 6 ? null : /^([^:]*):(\d+)$/.exec(rule))
  return match === null ? [rule, undefined] : [match[1] ?? '', match[2]]
}

function isInSubnet(rule: string, host: string): boolean {
  const [network, bits] = rule.split('/')
  const family = isIP(network ?? '')
  const prefix = Number(bits)
  if (network === undefined || family === 0 || isIP(host) !== family) return false
  if (!Number.isInteger(prefix) || prefix < 0 || prefix > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(network, prefix, type)
  return list.check(host, type)
}
