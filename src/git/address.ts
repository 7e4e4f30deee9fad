import { withoutCredentials } from '../dockerfile/web-address.ts'
import { HearthError } from '../errors.ts'
import { applyQuery, type GitWishes, wishesOfFragment } from './wishes.ts'

/** A repository, and what of it is wanted. */
export interface GitAddress {
  readonly transport: 'http' | 'https' | 'git' | 'ssh'
  /** "host" or "host:port"; an IPv6 address in brackets. */
  readonly host: string
  /** As the other side sees it: with a slash in front, unless it is relative to a home directory there. */
  readonly path: string
  /** Decoded. A name without a password is a token for http and https. */
  readonly user?: string
  readonly password?: string
  readonly wishes: GitWishes
}

/** What is cloned where an address may also be that of a file: git and ssh addresses, and web addresses with ".git". */
export function isGit(text: string): boolean {
  return /^(?:git|ssh):\/\//i.test(text) || scpLike.test(text) || /^https?:\/\/[^?#]*\.git(?:[?#].*)?$/i.test(text)
}

const scpLike = /^(?:([\w.+-]+)@)([\w.-]+):(?!\/\/)([^?#]*)(\?[^#]*)?(?:#(.*))?$/s

/**
 * Reads the address of a repository: "https://host/path.git", "git://…", "ssh://…" or "user@host:path", with
 * "#revision:directory" or a query behind it. Throws "git-address", without showing a password.
 */
export function parseGitAddress(text: string): GitAddress {
  const scp = scpLike.exec(text)
  if (scp !== null) {
    const [, user, host = '', path = '', query = '', fragment = ''] = scp
    const wishes = wishesOf(text, { query: new URLSearchParams(query), fragment })
    return checked(text, { transport: 'ssh', host, path, ...(user === undefined ? {} : { user }), wishes })
  }
  const [, scheme, rest = ''] = /^(git|ssh|https?):\/\/(.*)$/is.exec(text) ?? []
  // The rules of https read hosts and ports alike for all of them.
  const url = scheme === undefined ? null : URL.parse(`https://${rest}`)
  if (scheme === undefined || url === null) throw invalid(text, 'it is no address of a git repository')
  const transport = scheme.toLowerCase() as GitAddress['transport']
  const wishes = wishesOf(text, { query: url.searchParams, fragment: decoded(url.hash.slice(1)) })
  return checked(text, {
    transport,
    // The port 443 has gone from what was read as https.
    host: transport !== 'https' && /^[^/?#]*:443(?:[/?#]|$)/.test(rest) ? `${url.hostname}:443` : url.host,
    path: transport === 'ssh' || transport === 'git' ? decoded(url.pathname).replace(/^\/~/, '~') : url.pathname,
    ...(url.username === '' ? {} : { user: decoded(url.username) }),
    ...(url.password === '' ? {} : { password: decoded(url.password) }),
    wishes,
  })
}

/** The address as it may be shown and written down: without credentials, and without what is wanted of it. */
export function shownAddress({ transport, host, path }: Pick<GitAddress, 'transport' | 'host' | 'path'>): string {
  return `${transport}://${host}${path.startsWith('/') ? '' : '/'}${path}`
}

interface Behind {
  readonly query: URLSearchParams
  readonly fragment: string
}

function wishesOf(text: string, { query, fragment }: Behind): GitWishes {
  try {
    return applyQuery(wishesOfFragment(fragment), query)
  } catch (error) {
    throw error instanceof RangeError ? invalid(text, error.message) : error
  }
}

/** What goes to other programs and into their protocols must not be taken for something else there. */
function checked(text: string, address: GitAddress): GitAddress {
  const { host, path, user = '', wishes } = address
  if (host === '' || host.startsWith('-')) throw invalid(text, 'it names no host')
  if (path === '' || path === '/') throw invalid(text, 'it names no repository')
  if (user.startsWith('-') || path.startsWith('-')) throw invalid(text, 'no part of it begins with "-"')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\0-\x1f\x7f]/.test(`${host}${path}${user}${address.password ?? ''}${wishes.revision ?? ''}`)) {
    throw invalid(text, 'it holds control characters')
  }
  return address
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function invalid(text: string, why: string): HearthError {
  return new HearthError({
    code: 'git-address',
    message: `${withoutCredentials(text)} cannot be cloned`,
    why,
    fix: 'Write it as https://host/path.git, ssh://user@host/path, user@host:path or git://host/path, and behind it #revision:directory.',
  })
}
