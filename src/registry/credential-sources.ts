import type { Credential, CredentialSource } from './credential.ts'

export type { CredentialSource } from './credential.ts'

/** Variables by name. */
export type CredentialVariables = Readonly<Record<string, string | undefined>>

/** Asks one source after the other; the first login found is the one. Messages name the first source's place. */
export function firstOf(sources: readonly CredentialSource[]): CredentialSource {
  const place = sources.find((source) => source.place !== undefined)?.place
  return {
    ...(place === undefined ? {} : { place }),
    async find(registry, repository) {
      for (const source of sources) {
        const found = await source.find(registry, repository)
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/**
 * Logins in KANIKO_<HOST>_USER and KANIKO_<HOST>_PASSWORD: the host in capitals, with "_" for "." and "-", or a domain it
 * belongs to. A port is part of the last word, as in kaniko.
 */
export function variableCredentials(variables: CredentialVariables): CredentialSource {
  return {
    async find(registry) {
      const words = registry.toUpperCase().replaceAll('-', '_').split('.')
      for (const from of words.keys()) {
        const name = `KANIKO_${words.slice(from).join('_')}`
        const found = login(variables[`${name}_USER`], variables[`${name}_PASSWORD`])
        if (found !== undefined) return found
      }
      return undefined
    },
  }
}

/** What a job of GitLab CI knows of the registry of its project, and of the dependency proxy of its group; no other host gets it. */
export function gitlabCredentials(variables: CredentialVariables): CredentialSource {
  const known = [
    ['CI_REGISTRY', 'CI_REGISTRY_USER', 'CI_REGISTRY_PASSWORD'],
    ['CI_DEPENDENCY_PROXY_SERVER', 'CI_DEPENDENCY_PROXY_USER', 'CI_DEPENDENCY_PROXY_PASSWORD'],
  ] as const
  return {
    async find(registry) {
      const names = known.find(([host]) => hostOf(variables[host]) === registry.toLowerCase())
      return names === undefined ? undefined : login(variables[names[1]], variables[names[2]])
    },
  }
}

/** A host that is given with the port everybody uses means the host. */
function hostOf(text: string | undefined): string | undefined {
  return text === undefined || text === '' ? undefined : text.toLowerCase().replace(/:443$/, '')
}

function login(username: string | undefined, password: string | undefined): Credential | undefined {
  return username === undefined || username === '' || password === undefined ? undefined : { username, password }
}
