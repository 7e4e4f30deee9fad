import { type Keys, keyed, splitKeyValues, type WrittenValue } from './key-values.ts'
import { MountValues } from './mount-values.ts'
import { suggestion } from './suggestion.ts'
import { syntaxError } from './syntax-error.ts'

/** How a cache is used by several builds at a time: by all of them, by one after the other, or by each its own. */
export const cacheSharings = ['shared', 'private', 'locked'] as const
export type CacheSharing = (typeof cacheSharings)[number]

/** Owner and mode of something that is mounted; undefined where the Dockerfile says nothing. */
export interface MountOwner {
  readonly mode: number | undefined
  readonly uid: number | undefined
  readonly gid: number | undefined
}

/** A `--mount` with its values: paths as written, "" where nothing is. */
export type Mount =
  | {
      readonly type: 'bind'
      readonly target: string
      readonly from: string
      readonly source: string
      readonly readOnly: boolean
    }
  | (MountOwner & {
      readonly type: 'cache'
      readonly target: string
      readonly id: string
      readonly from: string
      readonly source: string
      readonly readOnly: boolean
      readonly sharing: CacheSharing
    })
  | {
      readonly type: 'tmpfs'
      readonly target: string
      /** Bytes. */
      readonly size: number | undefined
      readonly readOnly: boolean
    }
  | (MountOwner & {
      readonly type: 'secret'
      readonly target: string
      readonly id: string
      readonly env: string | undefined
      readonly required: boolean
    })
  | (MountOwner & {
      readonly type: 'ssh'
      readonly target: string
      readonly id: string
      readonly required: boolean
    })

export type MountType = Mount['type']

const types = ['bind', 'cache', 'secret', 'ssh', 'tmpfs'] as const

const targets = { target: 'target', dst: 'target', destination: 'target' }
const sources = { source: 'source', src: 'source' }
const locks = { ro: 'ro', readonly: 'ro', rw: 'rw', readwrite: 'rw' }
const owners = { mode: 'mode', uid: 'uid', gid: 'gid' }

/** The keys each type has, by all their spellings. */
const keysOf: Readonly<Record<MountType, Keys>> = {
  bind: { type: 'type', ...targets, ...sources, from: 'from', ...locks },
  cache: { type: 'type', id: 'id', ...targets, ...sources, from: 'from', ...locks, sharing: 'sharing', ...owners },
  secret: {
    ...{ type: 'type', id: 'id', source: 'id', src: 'id', ...targets },
    ...{ env: 'env', required: 'required', ...owners, ro: 'ro', readonly: 'ro' },
  },
  ssh: { type: 'type', id: 'id', ...targets, required: 'required', ...owners, ro: 'ro', readonly: 'ro' },
  tmpfs: { type: 'type', ...targets, size: 'size', ...locks },
}

const anyKeys: Keys = Object.assign({}, ...types.map((type) => keysOf[type]))

const what = 'RUN --mount'

/**
 * Checks what can be known of a `--mount` before its variables are: that its keys exist, and that none stands where a
 * stage or image must be named.
 */
export function checkMount(raw: string): void {
  for (const { key, value } of keyed(what, splitKeyValues(raw), anyKeys)) {
    if (key !== 'from' || value === undefined || !/\$./.test(value)) continue
    const fix = 'Name a stage that is made for it: FROM $IMAGE AS name.'
    throw syntaxError(`${what}: from=${value} cannot hold a variable`, { fix })
  }
}

/** Reads a `--mount`; `expand` gives each value with its variables. Throws for what its type does not have. */
export function readMount(raw: string, expand: (value: string) => string): Mount {
  const fields = splitKeyValues(raw).map(({ name, value }) => {
    return { name, value: value === undefined ? undefined : expand(value) }
  })
  const type = typeOf(fields)
  const title = `${what}=type=${type}`
  const values = new MountValues(title, keyed(title, fields, keysOf[type]))
  switch (type) {
    case 'bind':
      return { type, ...pathsOf(values), readOnly: values.readOnly(true) }
    case 'cache': {
      const sharing = values.choice('sharing', cacheSharings) ?? 'shared'
      const id = values.text('id')
      return { type, id, ...pathsOf(values), readOnly: values.readOnly(false), sharing, ...values.owner() }
    }
    case 'tmpfs':
      return { type, target: values.target(), size: values.size(), readOnly: values.readOnly(false) }
    case 'secret':
      return readSecret(values)
    case 'ssh': {
      values.alwaysReadOnly()
      const common = { id: values.text('id') || 'default', target: values.text('target') }
      return { type, ...common, required: values.flag('required'), ...values.owner() }
    }
  }
}

function typeOf(fields: readonly WrittenValue[]): MountType {
  const given = fields.findLast(({ name }) => name === 'type')
  if (given === undefined) return 'bind'
  const type = types.find((name) => name === given.value?.toLowerCase())
  if (type !== undefined) return type
  const message = `${what} has no type ${JSON.stringify(given.value ?? '')}`
  const fix = suggestion(given.value ?? '', types)
  throw syntaxError(message, { why: `its types are ${types.join(', ')}`, ...(fix === undefined ? {} : { fix }) })
}

function pathsOf(values: MountValues): { readonly target: string; readonly source: string; readonly from: string } {
  return { target: values.target(), source: values.text('source'), from: values.text('from') }
}

function readSecret(values: MountValues): Mount {
  values.alwaysReadOnly()
  const [id, target, env] = [values.text('id'), values.text('target'), values.optional('env')]
  if (env === '') throw values.wrong('env', 'it names no variable')
  const own = id || target.slice(target.lastIndexOf('/') + 1)
  if (own !== '') return { type: 'secret', id: own, target, env, required: values.flag('required'), ...values.owner() }
  throw syntaxError('RUN --mount=type=secret names no secret', { fix: 'Add id=NAME, of the --secret to be mounted.' })
}
