import { dockerHub } from '../oci/reference.ts'
import { parseDockerConfig, parseKey } from './docker-config.ts'

export interface NewLogin {
  /** "registry.example:5000", or one of Docker Hub's names. */
  readonly registry: string
  readonly username: string
  readonly password: string
}

export interface ChangedConfig {
  /** The whole file. */
  readonly text: string
  /** The helper that is asked before this login is looked at; undefined where there is none. */
  readonly shadowedBy: string | undefined
}

/**
 * A Docker config.json with one more login, in place of an earlier one for the same registry; everything else in it stays.
 * `text` is undefined where there is no file yet. Throws "credentials-invalid" for a file that cannot be used.
 */
export function withLogin(text: string | undefined, path: string, login: NewLogin): ChangedConfig {
  const { registry } = parseKey(login.registry)
  const { helpers, store } = parseDockerConfig(text ?? '{}', path)
  const config = JSON.parse(text ?? '{}') as Readonly<Record<string, unknown>>
  const auths = (config.auths ?? {}) as Readonly<Record<string, unknown>>
  const others = Object.entries(auths).filter(([key]) => {
    const known = parseKey(key)
    return known.registry !== registry || known.namespace !== ''
  })
  const auth = Buffer.from(`${login.username}:${login.password}`).toString('base64')
  const key = registry === dockerHub ? `https://${dockerHub}/v1/` : registry
  const changed = { ...config, auths: { ...Object.fromEntries(others), [key]: { auth } } }
  return { text: `${JSON.stringify(changed, undefined, '\t')}\n`, shadowedBy: helpers.get(registry) ?? store }
}
