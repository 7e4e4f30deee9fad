import { isGit, parseGitAddress } from '../git/address.ts'
import type { GitCredentials, NameAndPassword, Origin } from '../git/transport.ts'
import { contextRepository } from './context-repository.ts'
import type { ExecutorOptions } from './executor-options.ts'

const tokenSecret = 'GIT_AUTH_TOKEN'

/**
 * Who asks for repositories: where contexts come from, what kaniko's variables say; elsewhere BuildKit's secrets, of
 * which one that names no host is for the repositories that a Dockerfile names, and not for what those name.
 */
export function gitCredentials(options: ExecutorOptions, secrets: ReadonlyMap<string, Buffer>): GitCredentials {
  const { login } = options.git
  const own = new Set(repositoriesOf(options).map(nameOf))
  return (origin) => {
    if (login !== undefined && own.has(nameOf(origin))) return login
    const ofHost = secrets.get(`${tokenSecret}.${origin.host}`)
    const token = ofHost ?? (origin.isSubmodule ? undefined : secrets.get(tokenSecret))
    if (token === undefined || (origin.isSubmodule && origin.transport !== 'https')) return undefined
    return { username: 'x-access-token', password: token.toString('utf8').trim() }
  }
}

/** The texts that nothing may print: what contexts are asked for with. */
export function gitTexts(options: ExecutorOptions): readonly Buffer[] {
  const { login } = options.git
  const logins: readonly Partial<NameAndPassword & { readonly user: string }>[] = [
    ...(login === undefined ? [] : [login]),
    ...repositoriesOf(options),
  ]
  return logins.flatMap(({ username, user, password }) => {
    const text = password === undefined || password === '' ? (username ?? user) : password
    return text === undefined || text === 'git' ? [] : [Buffer.from(text), Buffer.from(encodeURIComponent(text))]
  })
}

function repositoriesOf(options: ExecutorOptions) {
  const context = contextRepository(options)
  const named = [...options.buildContexts.values()].flatMap((given) => {
    return given.kind === 'files' && isGit(given.place) ? [parseGitAddress(given.place)] : []
  })
  return context === undefined ? named : [context, ...named]
}

function nameOf({ transport, host }: Pick<Origin, 'transport' | 'host'>): string {
  return `${transport}://${host}`
}
