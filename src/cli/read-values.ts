import { HearthError } from '../errors.ts'
import { type Platform, parsePlatform } from '../oci/platform.ts'
import { parseReference, parseRepository } from '../oci/reference.ts'
import { readPathList } from '../rootfs/path-pattern.ts'
import type { Variables } from './environment.ts'
import type { FlagValues } from './flags/flag-values.ts'
import { splitPair } from './flags/pairs.ts'
import { wrongUsage } from './flags/usage.ts'

/** The values of a list flag, each of which must be an image reference. */
export function readReferences(values: FlagValues, flag: string): readonly string[] {
  for (const text of values.list(flag)) naming(`--${flag}`, () => parseReference(text))
  return values.list(flag)
}

/** A list flag of key=value; a later value wins over an earlier one of the same key. */
export function readPairs(values: FlagValues, flag: string): Readonly<Record<string, string>> {
  const pairs = values.list(flag).map((text) => {
    const pair = splitPair(text)
    if (pair === undefined || pair[0] === '') {
      throw wrongUsage(`--${flag} must be of the form key=value, got ${JSON.stringify(text)}`)
    }
    return pair
  })
  return Object.fromEntries(pairs)
}

export interface BuildArgs {
  readonly values: Readonly<Record<string, string>>
  readonly warnings: readonly string[]
}

/** "NAME=value"; "NAME" alone takes the variable of that name, and is empty when there is none. */
export function readBuildArgs(texts: readonly string[], env: Variables): BuildArgs {
  const warnings: string[] = []
  const pairs = texts.map((text): readonly [string, string] => {
    const [name, value] = splitPair(text) ?? [text, Object.hasOwn(env, text) ? env[text] : undefined]
    if (name === '') throw wrongUsage(`--build-arg must be NAME=value or NAME, got ${JSON.stringify(text)}`)
    if (value === undefined) warnings.push(`--build-arg ${name}: there is no such variable, so it is empty`)
    return [name, value ?? '']
  })
  return { values: Object.fromEntries(pairs), warnings }
}

/** The value of --custom-platform; undefined when it was not given. */
export function readPlatform(values: FlagValues): Platform | undefined {
  const text = values.optional('custom-platform')
  if (text === undefined) return undefined
  if (!text.includes('/')) {
    throw wrongUsage(
      `--custom-platform: "${text}" is not a platform`,
      'Write it as os/arch[/variant], for example linux/arm64.',
    )
  }
  return naming('--custom-platform', () => parsePlatform(text))
}

/** The value of --cache-dir; an empty one would mean the working directory, which nobody wants. */
export function readCacheDir(values: FlagValues): string {
  const directory = values.optional('cache-dir')
  if (directory === undefined) throw wrongUsage('--cache-dir must not be empty', 'Leave it out to use /cache.')
  return directory
}

/** The value of --cache-repo: a repository, or "oci:" and a directory; undefined when it was not given. */
export function readCacheRepo(values: FlagValues): string | undefined {
  const text = values.optional('cache-repo')
  if (text === 'oci:') throw wrongUsage('--cache-repo: "oci:" names no directory', 'Write it as oci:path.')
  if (text !== undefined && !text.startsWith('oci:')) naming('--cache-repo', () => parseRepository(text))
  return text
}

/** The values of --ignore-path: absolute paths, parts of which may be patterns. */
export function readIgnoredPaths(values: FlagValues): readonly string[] {
  const paths = values.list('ignore-path')
  for (const path of paths) {
    if (!path.startsWith('/')) throw wrongUsage(`--ignore-path: ${JSON.stringify(path)} is not an absolute path`)
  }
  naming('--ignore-path', () => readPathList(paths))
  return paths
}

export interface Targets {
  readonly target?: string
  readonly alsoBuilt: readonly string[]
}

/** The values of --target; as with kaniko, one may hold several with commas between them. No stage's name has a comma. */
export function readTargets(values: FlagValues): Targets {
  const [first, ...alsoBuilt] = values.list('target').flatMap((text) => text.split(',').filter((name) => name !== ''))
  return { ...given('target', first), alsoBuilt }
}

/** Runs a parser; what it refuses begins with the flag's name. */
export function naming<T>(flag: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof HearthError)) throw error
    const { code, message, why, fix } = error
    throw new HearthError({ code, message: `${flag}: ${message}`, why, fix })
  }
}

/** A property that is there only with a value. */
export function given<K extends string>(name: K, value: string | undefined): { readonly [name in K]?: string } {
  return (value === undefined ? {} : { [name]: value }) as { readonly [name in K]?: string }
}
