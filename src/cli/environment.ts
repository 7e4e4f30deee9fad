import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProxySettings } from '../http/proxy.ts'

/** Variables of a process by name. */
export type Variables = Readonly<Record<string, string | undefined>>

export interface LoginPlaces {
  /** The text of a config.json: $DOCKER_AUTH_CONFIG. */
  readonly inline?: string
  /** Podman's files, looked at where Docker has none. */
  readonly otherPaths: readonly string[]
  /** Those that credential helpers know. */
  readonly variables: Variables
}

/** What is taken from the surroundings of the process, read once. */
export interface Environment {
  readonly cwd: string
  /** $DOCKER_CONFIG/config.json, else $HOME/.docker/config.json; it need not exist. */
  readonly dockerConfigPath: string
  /** Where else logins of registries may be. */
  readonly logins: LoginPlaces
  readonly proxy: ProxySettings
  readonly temporaryDirectory: string
  /** Added to the user agent of pushes. */
  readonly clientType?: string
  /** Where Cloud Build wants to read what was pushed. */
  readonly builderOutput?: string
}

export function readEnvironment(env: Variables, cwd: string): Environment {
  const http = given(env.HTTP_PROXY) ?? given(env.http_proxy)
  const https = given(env.HTTPS_PROXY) ?? given(env.https_proxy)
  const noProxy = given(env.NO_PROXY) ?? given(env.no_proxy)
  const configDirectory = given(env.DOCKER_CONFIG) ?? join(given(env.HOME) ?? '/root', '.docker')
  const clientType = given(env.UPSTREAM_CLIENT_TYPE)
  const builderOutput = given(env.BUILDER_OUTPUT)
  return {
    cwd,
    dockerConfigPath: join(configDirectory, 'config.json'),
    logins: readLogins(env),
    proxy: {
      ...(http === undefined ? {} : { http }),
      ...(https === undefined ? {} : { https }),
      ...(noProxy === undefined ? {} : { noProxy }),
    },
    temporaryDirectory: given(env.TMPDIR) ?? tmpdir(),
    ...(clientType === undefined ? {} : { clientType }),
    ...(builderOutput === undefined ? {} : { builderOutput }),
  }
}

function readLogins(env: Variables): LoginPlaces {
  const inline = given(env.DOCKER_AUTH_CONFIG)
  const runtime = given(env.XDG_RUNTIME_DIR)
  const paths = [
    given(env.REGISTRY_AUTH_FILE),
    runtime === undefined ? undefined : join(runtime, 'containers/auth.json'),
  ]
  const known = Object.entries(env).filter(([name]) =>
    /^(?:KANIKO_.+_(?:USER|PASSWORD)|CI_(?:REGISTRY|DEPENDENCY_PROXY)\w*)$/.test(name),
  )
  return {
    ...(inline === undefined ? {} : { inline }),
    otherPaths: paths.filter((path) => path !== undefined),
    variables: Object.fromEntries(known),
  }
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
