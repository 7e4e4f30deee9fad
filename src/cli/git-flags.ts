import type { NameAndPassword } from '../git/transport.ts'
import type { Variables } from './environment.ts'
import type { FlagValues } from './flags/flag-values.ts'
import { splitPair } from './flags/pairs.ts'
import { parseBoolean } from './flags/scalars.ts'
import { wrongUsage } from './flags/usage.ts'

/** How a context in a git repository is fetched. */
export interface GitFlags {
  readonly branch?: string
  readonly submodules: boolean
  readonly insecureSkipTls: boolean
  /** How many commits of the history; 0 for all of it. */
  readonly depth: number
  /** What contexts of git:// are fetched by. */
  readonly pullMethod: 'http' | 'https'
  /** Who asks for repositories that are contexts. */
  readonly login?: NameAndPassword
}

export interface ReadGitFlags {
  readonly git: GitFlags
  readonly notices: readonly string[]
  readonly warnings: readonly string[]
}

const keys = ['branch', 'single-branch', 'recurse-submodules', 'insecure-skip-tls', 'depth'] as const
const allowed = `It takes ${keys.slice(0, -1).join(', ')} and ${keys.at(-1)}.`

/** The values of --git, key=value, repeatable or behind commas, and what kaniko's variables say. */
export function readGitFlags(values: FlagValues, env: Variables): ReadGitFlags {
  const given = new Map<string, string>()
  for (const text of values.list('git').flatMap((list) => list.split(','))) {
    const [key, value] = splitPair(text) ?? [text, undefined]
    if (value === undefined)
      throw wrongUsage(`--git must be of the form key=value, got ${JSON.stringify(text)}`, allowed)
    if (!keys.some((known) => known === key)) throw wrongUsage(`--git: ${JSON.stringify(key)} is no option`, allowed)
    given.set(key, value)
  }
  const branch = given.get('branch') || undefined
  const login = loginOf(env)
  readSwitch(given, 'single-branch')
  const { GIT_PULL_METHOD: method = '' } = env
  const git = {
    ...(branch === undefined ? {} : { branch }),
    submodules: readSwitch(given, 'recurse-submodules'),
    insecureSkipTls: readSwitch(given, 'insecure-skip-tls'),
    depth: readDepth(given.get('depth')),
    pullMethod: method === 'http' ? 'http' : 'https',
    ...(login === undefined ? {} : { login }),
  } as const
  return {
    git,
    notices: given.has('single-branch') ? ['--git single-branch: no other branch is fetched in any case'] : [],
    warnings: ['', 'http', 'https'].includes(method)
      ? []
      : [`GIT_PULL_METHOD is ${JSON.stringify(method)}, not http or https: https is used`],
  }
}

function readSwitch(given: ReadonlyMap<string, string>, key: string): boolean {
  const value = given.get(key)
  if (value === undefined) return false
  try {
    return parseBoolean(value)
  } catch {
    throw wrongUsage(`--git ${key}: invalid value ${JSON.stringify(value)}`, 'It is true or false.')
  }
}

function readDepth(value: string | undefined): number {
  if (value === undefined) return 1
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw wrongUsage(
    `--git depth: invalid value ${JSON.stringify(value)}`,
    'It is a number of commits, or 0 for all of them.',
  )
}

/** As kaniko: a token stands in the place of the user, and goes before user and password. */
function loginOf({ GIT_TOKEN, GIT_USERNAME, GIT_PASSWORD }: Variables): NameAndPassword | undefined {
  if (GIT_TOKEN !== undefined && GIT_TOKEN !== '') return { username: GIT_TOKEN, password: '' }
  if ((GIT_USERNAME ?? '') === '' && (GIT_PASSWORD ?? '') === '') return undefined
  return { username: GIT_USERNAME ?? '', password: GIT_PASSWORD ?? '' }
}
