import { keyed, splitKeyValues } from '../dockerfile/key-values.ts'
import type { Variables } from './environment.ts'
import { wrongUsage } from './flags/usage.ts'
import { naming } from './read-values.ts'

/** Where a secret is. */
export type SecretSource =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'variable'; readonly name: string }

const keys = { id: 'id', src: 'source', source: 'source', env: 'env', type: 'type' }

/**
 * Each `--secret`: "id=NAME" with "src=FILE" or "env=VARIABLE"; with neither, the variable of that name, else the file of
 * that name. "type=env" makes "src" name a variable.
 */
export function readSecretFlags(texts: readonly string[], env: Variables): ReadonlyMap<string, SecretSource> {
  const secrets = new Map<string, SecretSource>()
  for (const text of texts) {
    const values = new Map(readValues(text).map(({ key, value }) => [key, value]))
    const id = values.get('id')
    if (id === undefined || id === '') throw wrongUsage(`--secret ${JSON.stringify(text)} has no id`, example)
    if (secrets.has(id)) throw wrongUsage(`--secret gives the id ${JSON.stringify(id)} twice`)
    secrets.set(id, sourceOf(id, values, env))
  }
  return secrets
}

const example = 'Write --secret id=NAME,src=FILE or --secret id=NAME,env=VARIABLE.'

function readValues(text: string): readonly { readonly key: string; readonly value: string }[] {
  const fields = naming('--secret', () => keyed('it', splitKeyValues(text), keys))
  return fields.map(({ key, value }) => {
    if (value === undefined) throw wrongUsage(`--secret: ${key} in ${JSON.stringify(text)} needs a value`, example)
    return { key, value }
  })
}

function sourceOf(id: string, values: ReadonlyMap<string, string>, env: Variables): SecretSource {
  const type = values.get('type')
  const [source, variable] = [values.get('source') || undefined, values.get('env') || undefined]
  if (type !== undefined && type !== 'file' && type !== 'env') {
    throw wrongUsage(`--secret: ${JSON.stringify(type)} is not a type of secret`, 'It is file or env.')
  }
  if (source !== undefined && variable !== undefined) {
    throw wrongUsage(`--secret id=${id} is a file and a variable at once`, 'Give src or env, not both.')
  }
  if (variable !== undefined) return { kind: 'variable', name: variable }
  if (source !== undefined) return type === 'env' ? { kind: 'variable', name: source } : { kind: 'file', path: source }
  if (type === 'env' || (type === undefined && env[id] !== undefined)) return { kind: 'variable', name: id }
  return { kind: 'file', path: id }
}
