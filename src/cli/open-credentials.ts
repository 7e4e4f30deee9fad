import { existsSync } from 'node:fs'
import {
  type CredentialSource,
  firstOf,
  gitlabCredentials,
  variableCredentials,
} from '../registry/credential-sources.ts'
import { dockerConfigCredentials, inlineConfigCredentials } from '../registry/credentials.ts'
import type { Environment } from './environment.ts'
import type { CredentialHelper } from './flags/registry-flags.ts'

/**
 * Every place with logins, in kaniko's order: $DOCKER_AUTH_CONFIG, Docker's config.json (podman's file where there is
 * none), then the helpers.
 */
export function openCredentials(environment: Environment, helpers: readonly CredentialHelper[]): CredentialSource {
  const { logins } = environment
  const inline = logins.inline === undefined ? [] : [inlineConfigCredentials(logins.inline)]
  const file = dockerConfigCredentials(loginFile(environment))
  return firstOf([...inline, file, ...helpers.map((name) => helper(name, environment))])
}

/** Docker's file, unless only podman has one. */
export function loginFile({ dockerConfigPath, logins }: Environment): string {
  if (existsSync(dockerConfigPath)) return dockerConfigPath
  return logins.otherPaths.find((path) => existsSync(path)) ?? dockerConfigPath
}

function helper(name: CredentialHelper, { logins }: Environment): CredentialSource {
  switch (name) {
    case 'env':
      return variableCredentials(logins.variables)
    case 'gitlab':
      return gitlabCredentials(logins.variables)
  }
}
