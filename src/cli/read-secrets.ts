import { readFileSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { HearthError, messageOf } from '../errors.ts'
import type { Variables } from './environment.ts'
import type { SecretSource } from './secret-flags.ts'

/** The largest secret, in bytes; as in BuildKit. */
const largest = 500 * 1024

/** Reads every secret. Throws "usage" for one that is not there, and says nothing of what is in it. */
export function readSecrets(
  sources: ReadonlyMap<string, SecretSource>,
  { env, cwd }: { readonly env: Variables; readonly cwd: string },
): ReadonlyMap<string, Buffer> {
  return new Map([...sources].map(([id, source]) => [id, readSecret(id, source, { env, cwd })]))
}

function readSecret(
  id: string,
  source: SecretSource,
  { env, cwd }: { readonly env: Variables; readonly cwd: string },
): Buffer {
  if (source.kind === 'variable') {
    const value = env[source.name]
    if (value !== undefined) return Buffer.from(value)
    throw unusable(id, `the variable ${source.name} is not set`)
  }
  const path = resolve(cwd, source.path)
  try {
    const { size } = statSync(path)
    if (size > largest) throw new Error(`${path} has ${size} bytes, and a secret at most ${largest}`)
    return readFileSync(path)
  } catch (error) {
    throw unusable(id, messageOf(error))
  }
}

function unusable(id: string, why: string): HearthError {
  const fix = `Give --secret id=${id},src=FILE a file, or --secret id=${id},env=VARIABLE a variable.`
  return new HearthError({ code: 'usage', message: `The secret ${id} cannot be read`, why, fix })
}

/** Shorter texts are in too many words to be masked in all of them. */
const shortest = { whole: 4, line: 8 }

/**
 * The texts that nothing may print, so that none of a secret is: all of it where it is one line, and each longer line of
 * it where it is several. The longest come first, as they may hold others.
 */
export function textsToMask(secrets: Iterable<Buffer>): readonly string[] {
  const texts = [...secrets].flatMap((secret) => {
    const lines = secret
      .toString()
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '')
    return lines.filter((line) => line.length >= (lines.length === 1 ? shortest.whole : shortest.line))
  })
  return [...new Set(texts)].sort((a, b) => b.length - a.length)
}
