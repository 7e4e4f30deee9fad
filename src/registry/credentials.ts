import { readFile } from 'node:fs/promises'
import { HearthError, systemCode } from '../errors.ts'
import { dockerHub } from '../oci/reference.ts'
import type { Credential, CredentialSource } from './credential.ts'
import { askHelper } from './credential-helper.ts'
import { bestLogin, parseDockerConfig } from './docker-config.ts'

export type { Credential, CredentialSource } from './credential.ts'

/** For registries that need no login. */
export const noCredentials: CredentialSource = { find: () => Promise.resolve(undefined) }

/**
 * The logins of a Docker config.json. The file is read when a registry asks for a login; a missing file means there is
 * none. A helper named in it is asked first, the entries in the file after it.
 */
export function dockerConfigCredentials(path: string): CredentialSource {
  return configCredentials(path, () => readConfig(path))
}

/** The same of a config.json whose text is in the variable DOCKER_AUTH_CONFIG. */
export function inlineConfigCredentials(text: string): CredentialSource {
  return configCredentials(inlinePlace, async () => text)
}

const inlinePlace = '$DOCKER_AUTH_CONFIG'

function configCredentials(path: string, read: () => Promise<string | undefined>): CredentialSource {
  return {
    place: path,
    async find(registry, repository = '') {
      const text = await read()
      if (text === undefined) return undefined
      const config = parseDockerConfig(text, path)
      const helper = config.helpers.get(registry.toLowerCase()) ?? config.store
      const helped: Credential | undefined =
        helper === undefined ? undefined : await askHelper(helper, serverName(registry))
      return helped ?? bestLogin(config.logins, registry.toLowerCase(), repository)?.credential
    },
  }
}

/** Throws "credentials-invalid" for a config.json that cannot be used, also where no registry will ask for a login. */
export async function checkDockerConfig(path: string, inline?: string): Promise<void> {
  if (inline !== undefined) parseDockerConfig(inline, inlinePlace)
  const text = await readConfig(path)
  if (text !== undefined) parseDockerConfig(text, path)
}

// Docker's own name for the Hub, under which helpers keep it.
function serverName(registry: string): string {
  return registry === dockerHub ? `https://${dockerHub}/v1/` : registry
}

async function readConfig(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    const code = systemCode(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw new HearthError({
      code: 'credentials-invalid',
      message: `The registry logins in ${path} cannot be read`,
      why: code,
      fix: 'Make it a readable file, or set DOCKER_CONFIG to the directory of another config.json.',
      cause,
    })
  }
}
