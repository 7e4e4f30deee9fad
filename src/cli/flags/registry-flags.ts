import { messageOf } from '../../errors.ts'
import { dockerHub } from '../../oci/reference.ts'
import type { Variables } from '../environment.ts'
import type { Flag } from './flag.ts'
import type { FlagValues } from './flag-values.ts'
import { parseMultiMap, splitPair } from './pairs.ts'
import { wrongUsage } from './usage.ts'

/** What was said on the command line about reaching registries. Hosts are "host" or "host:port". */
export interface RegistryFlags {
  /** Plain HTTP for pushes and the cache repository. */
  readonly insecure: boolean
  readonly insecurePull: boolean
  readonly insecureRegistries: readonly string[]
  readonly skipTlsVerify: boolean
  readonly skipTlsVerifyPull: boolean
  readonly skipTlsVerifyRegistries: readonly string[]
  /** Hosts and the paths of PEM files with further authorities for them. */
  readonly certificates: readonly (readonly [host: string, path: string])[]
  /** Hosts and the paths of PEM files that we show them. */
  readonly clientCertificates: readonly (readonly [
    host: string,
    paths: { readonly cert: string; readonly key: string },
  ])[]
  /** Registry → "host[/prefix]" in the order to try. */
  readonly mirrors: ReadonlyMap<string, readonly string[]>
  /** Whether the registry itself is asked after its mirrors. */
  readonly fallback: boolean
  /** Helpers that are asked after the files with logins, in their order. */
  readonly credentialHelpers: readonly CredentialHelper[]
}

export const credentialHelpers = ['env', 'gitlab'] as const
/** A helper that is a part of the program. */
export type CredentialHelper = (typeof credentialHelpers)[number]

const group = 'Registries'

const insecureRegistry: Flag = {
  name: 'insecure-registry',
  kind: 'list',
  description: 'Speak plain HTTP to this host, both ways; repeatable',
  group,
}
const skipTlsVerifyRegistry: Flag = {
  name: 'skip-tls-verify-registry',
  kind: 'list',
  description: 'Do not check the certificate of this host; repeatable',
  group,
}

const credentialHelpersFlag: Flag = {
  name: 'credential-helpers',
  kind: 'list',
  description: `Ask only these helpers for logins that no file has, or none if empty: ${credentialHelpers.join(', ')}; repeatable`,
  group,
}

const pullFlags: readonly Flag[] = [
  { name: 'insecure-pull', kind: 'boolean', description: 'Pull by plain HTTP', group },
  insecureRegistry,
  { name: 'skip-tls-verify-pull', kind: 'boolean', description: 'Check no certificate when pulling', group },
  skipTlsVerifyRegistry,
  {
    name: 'registry-certificate',
    kind: 'list',
    description: 'Trust the authorities in a PEM file for this host: host=/path; repeatable',
    group,
  },
  {
    name: 'registry-client-cert',
    kind: 'list',
    description: 'Show this host a certificate: host=/certificate.pem,/key.pem; repeatable',
    group,
  },
  {
    name: 'registry-mirror',
    kind: 'list',
    description: 'Ask this host before Docker Hub; repeatable',
    env: 'KANIKO_REGISTRY_MIRROR',
    group,
  },
  {
    name: 'registry-map',
    kind: 'list',
    description: 'Ask mirrors before a registry: registry=host[/prefix][;registry=host…]; repeatable',
    env: 'KANIKO_REGISTRY_MAP',
    group,
  },
  {
    name: 'skip-default-registry-fallback',
    kind: 'boolean',
    description: 'Ask only the mirrors of a registry that has some',
    group,
  },
  {
    name: 'image-download-retry',
    kind: 'integer',
    default: '0',
    description: 'Further tries of a failing pull request, beside the usual two',
    group,
  },
  credentialHelpersFlag,
]

/** For a command that only pulls. */
export const pullRegistryFlags: readonly Flag[] = pullFlags

/** For a command that pushes as well. */
export const registryFlags: readonly Flag[] = [
  { name: 'insecure', kind: 'boolean', description: 'Push, and use the cache repository, by plain HTTP', group },
  { name: 'skip-tls-verify', kind: 'boolean', description: 'Check no certificate at all', group },
  ...pullFlags,
  {
    name: 'push-retry',
    kind: 'integer',
    default: '0',
    description: 'Further tries of a failing push request, beside the usual two',
    group,
  },
  {
    name: 'push-ignore-immutable-tag-errors',
    kind: 'boolean',
    description: 'Leave a tag as it is where the registry does not let it change',
    group,
  },
]

/** Flags first, then what the environment adds to them. Mirrors of Docker Hub come after its maps. */
export function readRegistryFlags(values: FlagValues, env: Variables): RegistryFlags {
  return {
    insecure: values.boolean('insecure'),
    insecurePull: values.boolean('insecure-pull'),
    insecureRegistries: values.list('insecure-registry'),
    skipTlsVerify: values.boolean('skip-tls-verify'),
    skipTlsVerifyPull: values.boolean('skip-tls-verify-pull'),
    skipTlsVerifyRegistries: values.list('skip-tls-verify-registry'),
    certificates: readHostPairs(values, 'registry-certificate'),
    clientCertificates: readClientCertificates(values),
    mirrors: readMirrors(values, env),
    fallback: !values.boolean('skip-default-registry-fallback'),
    credentialHelpers: readCredentialHelpers(values),
  }
}

function readHostPairs(values: FlagValues, flag: string): readonly (readonly [string, string])[] {
  return values.list(flag).map((text) => {
    const pair = splitPair(text)
    if (pair !== undefined && pair[0] !== '' && pair[1] !== '') return pair
    throw wrongUsage(`--${flag} must be of the form host=path, got ${JSON.stringify(text)}`)
  })
}

function readClientCertificates(values: FlagValues): RegistryFlags['clientCertificates'] {
  return readHostPairs(values, 'registry-client-cert').map(([host, paths]) => {
    const [cert = '', key = '', ...more] = paths.split(',')
    if (cert !== '' && key !== '' && more.length === 0) return [host, { cert, key }]
    throw wrongUsage(
      `--registry-client-cert must be of the form host=certificate,key, got ${JSON.stringify(`${host}=${paths}`)}`,
    )
  })
}

function readCredentialHelpers(values: FlagValues): readonly CredentialHelper[] {
  if (!values.isGiven('credential-helpers')) return credentialHelpers
  return values.list('credential-helpers').flatMap((text) => {
    const found = credentialHelpers.find((name) => name === text)
    if (found !== undefined) return [found]
    if (text === '') return []
    const named = ['google', 'ecr', 'acr'].includes(text)
    throw wrongUsage(
      `--credential-helpers: "${text}" ${named ? 'is not supported yet' : 'is not a helper'}`,
      named
        ? 'Name a docker-credential program in credHelpers of the Docker config.json.'
        : `The helpers are ${credentialHelpers.join(', ')}.`,
    )
  })
}

function readMirrors(values: FlagValues, env: Variables): ReadonlyMap<string, readonly string[]> {
  // A command that only asks registries themselves has no flags for mirrors.
  const listed = (flag: string): readonly string[] => (values.has(flag) ? values.list(flag) : [])
  const maps = readMap('--registry-map', listed('registry-map'))
  const more = readMap('KANIKO_REGISTRY_MAP', env.KANIKO_REGISTRY_MAP ? [env.KANIKO_REGISTRY_MAP] : [])
  const mirrors = [...listed('registry-mirror'), env.KANIKO_REGISTRY_MIRROR ?? ''].filter((host) => host !== '')
  const all = new Map<string, readonly string[]>()
  const add = (registry: string, hosts: readonly string[]): void => {
    const name = registry === 'docker.io' ? dockerHub : registry
    if (hosts.length > 0) all.set(name, [...(all.get(name) ?? []), ...hosts])
  }
  for (const [registry, hosts] of [...maps, ...more]) add(registry, hosts)
  add(dockerHub, mirrors)
  return all
}

function readMap(name: string, texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  try {
    return parseMultiMap(texts)
  } catch (error) {
    throw wrongUsage(`invalid argument ${JSON.stringify(texts.join(';'))} for "${name}": ${messageOf(error)}`)
  }
}
