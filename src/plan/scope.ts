import type { Platform } from '../oci/platform.ts'
import { formatPlatform } from '../oci/platform.ts'

/** Variables by name, in the order they were first set. */
export type Variables = ReadonlyMap<string, string>

/** Values given with --build-arg, by name. */
export type BuildArgs = Readonly<Record<string, string>>

export function givenArg(buildArgs: BuildArgs, name: string): string | undefined {
  return Object.hasOwn(buildArgs, name) ? buildArgs[name] : undefined
}

const proxyNames = ['HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY', 'ALL_PROXY']

/**
 * Proxy settings a build may be given without an ARG: commands see them in capital and in small letters, layers and
 * keys do not. What is declared otherwise stays as it is.
 */
export function proxyEnvOf(buildArgs: BuildArgs, declared: Variables): Readonly<Record<string, string>> {
  const names = Object.keys(buildArgs).sort()
  const settings = proxyNames.flatMap((proxy) => {
    const given = names.findLast((name) => name.toUpperCase() === proxy)
    const value = given === undefined ? '' : buildArgs[given]
    return value === undefined || value === '' ? [] : [proxy, proxy.toLowerCase()].map((name) => [name, value] as const)
  })
  return Object.fromEntries(settings.filter(([name]) => !declared.has(name)))
}

export interface PlatformArgs {
  readonly build: Platform
  readonly target: Platform
  /** Name of the stage that is built, or "default". */
  readonly stage: string
}

/** The arguments BuildKit predefines before the first FROM. */
export function platformArgs(args: PlatformArgs): Variables {
  const of = (prefix: string, p: Platform): [string, string][] => [
    [`${prefix}PLATFORM`, formatPlatform(p)],
    [`${prefix}OS`, p.os],
    [`${prefix}OSVERSION`, p.osVersion ?? ''],
    [`${prefix}ARCH`, p.architecture],
    [`${prefix}VARIANT`, p.variant ?? ''],
  ]
  return new Map([...of('BUILD', args.build), ...of('TARGET', args.target), ['TARGETSTAGE', args.stage]])
}

/** Says which build checks count, in the words of "# check=", and goes before them. */
export const checkArg = 'BUILDKIT_DOCKERFILE_CHECK'

/** Says which front end reads the Dockerfile. */
export const syntaxArg = 'BUILDKIT_SYNTAX'

/** Says what the machine is called for commands. */
export const hostnameArg = 'BUILDKIT_SANDBOX_HOSTNAME'

/** Says that a context from a repository keeps its ".git". */
export const keepGitArg = 'BUILDKIT_CONTEXT_KEEP_GIT_DIR'

/** The time of an image, in seconds since 1970. */
export const timeArg = 'SOURCE_DATE_EPOCH'

const obeyed: readonly string[] = [checkArg, syntaxArg, hostnameArg, keepGitArg, timeArg]

/** Arguments that a build may be given without an ARG. */
export function isPredefinedArg(name: string): boolean {
  return (
    obeyed.includes(name) ||
    proxyNames.includes(name.toUpperCase()) ||
    /^(?:BUILD|TARGET)(?:PLATFORM|OS|OSVERSION|ARCH|VARIANT)$/.test(name)
  )
}
