import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ProxySettings } from '../http/proxy.ts'

/** Variables of a process by name. */
export type Variables = Readonly<Record<string, string | undefined>>

/** What is taken from the surroundings of the process, read once. */
export interface Environment {
  readonly cwd: string
  /** $DOCKER_CONFIG/config.json, else $HOME/.docker/config.json; it need not exist. */
  readonly dockerConfigPath: string
  readonly proxy: ProxySettings
  readonly temporaryDirectory: string
  /** Added to the user agent of pushes. */
  readonly clientType?: string
}

export function readEnvironment(env: Variables, cwd: string): Environment {
  const http = given(env.HTTP_PROXY) ?? given(env.http_proxy)
  const https = given(env.HTTPS_PROXY) ?? given(env.https_proxy)
  const noProxy = given(env.NO_PROXY) ?? given(env.no_proxy)
  const configDirectory = given(env.DOCKER_CONFIG) ?? join(given(env.HOME) ?? '/root', '.docker')
  const clientType = given(env.UPSTREAM_CLIENT_TYPE)
  return {
    cwd,
    dockerConfigPath: join(configDirectory, 'config.json'),
    proxy: {
      ...(http === undefined ? {} : { http }),
      ...(https === undefined ? {} : { https }),
      ...(noProxy === undefined ? {} : { noProxy }),
    },
    temporaryDirectory: given(env.TMPDIR) ?? tmpdir(),
    ...(clientType === undefined ? {} : { clientType }),
  }
}

function given(value: string | undefined): string | undefined {
  return value === '' ? undefined : value
}
