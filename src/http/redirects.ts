import { isSameOrigin, refusalToFollow } from './reach.ts'

/** Which redirects are followed, and what follows them. A value: it decides, it does not act. */
export interface RedirectPolicy {
  /** More hops than this are refused. */
  readonly maxHops: number
  /** Lower-case names of the request headers that may go to another origin; every other header stays behind. */
  readonly portableHeaders: readonly string[]
  /** Whether a public host may redirect to a private address. */
  readonly allowPrivate: boolean
}

/** For downloads: registries hand blobs over to object stores and content networks. */
export const downloadRedirects: RedirectPolicy = {
  maxHops: 5,
  portableHeaders: ['accept', 'accept-encoding', 'range', 'user-agent'],
  allowPrivate: true,
}

export interface Hop {
  readonly method: string
  readonly url: URL
  readonly status: number
  readonly location: string | undefined
  readonly headers: Readonly<Record<string, string>>
  /** Redirects followed so far. */
  readonly hops: number
}

export type NextHop =
  | { readonly kind: 'arrived' }
  | { readonly kind: 'follow'; readonly url: URL; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'refuse'; readonly why: string }

/** Decides about one answer. Only GET and HEAD are redirected: a body that was sent once cannot be sent again. */
export function nextHop(policy: RedirectPolicy, hop: Hop): NextHop {
  const redirects = [301, 302, 303, 307, 308].includes(hop.status) && (hop.method === 'GET' || hop.method === 'HEAD')
  if (!redirects || hop.location === undefined) return { kind: 'arrived' }
  if (hop.hops >= policy.maxHops) return { kind: 'refuse', why: `more than ${policy.maxHops} redirects` }
  const url = URL.parse(hop.location, hop.url.href)
  if (url === null) return { kind: 'refuse', why: 'the redirect has no valid address' }
  const why = refusalToFollow(hop.url, url, policy)
  if (why !== undefined) return { kind: 'refuse', why }
  const headers = isSameOrigin(hop.url, url) ? hop.headers : portable(policy, hop.headers)
  return { kind: 'follow', url, headers }
}

function portable(policy: RedirectPolicy, headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => policy.portableHeaders.includes(name.toLowerCase())),
  )
}
