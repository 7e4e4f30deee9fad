/** What a value of a manifest may look like. Nothing is allowed that is not named. */
export type Shape =
  | 'text'
  | 'number'
  | 'boolean'
  /** A word in a choice of words. */
  | { readonly oneOf: readonly string[] }
  /** A text that a pattern matches as a whole. */
  | { readonly like: RegExp }
  | { readonly list: Shape }
  /** Any keys, with values of one shape. */
  | { readonly map: Shape }
  | { readonly either: readonly Shape[] }
  | { readonly fields: Fields; readonly required: readonly string[] }

export type Fields = Readonly<Record<string, Shape>>

/** An object with these fields and no others. A name with "!" at its end must be there. */
export function object(fields: Fields): Shape {
  const names = Object.keys(fields)
  return {
    fields: Object.fromEntries(Object.entries(fields).map(([name, shape]) => [bare(name), shape])),
    required: names.filter((name) => name.endsWith('!')).map(bare),
  }
}

function bare(name: string): string {
  return name.endsWith('!') ? name.slice(0, -1) : name
}

/** What is wrong with a value: "spec.containers[0].imag: no such field", one line for each fault. */
export function faultsOf(value: unknown, shape: Shape, path = ''): readonly string[] {
  if (typeof shape === 'string') return typeof value === typeNames[shape] ? [] : [`${path}: is no ${shape}`]
  if ('oneOf' in shape) {
    return typeof value === 'string' && shape.oneOf.includes(value) ? [] : [`${path}: is none of ${shape.oneOf}`]
  }
  if ('like' in shape) {
    return typeof value === 'string' && shape.like.test(value) ? [] : [`${path}: is not like ${shape.like.source}`]
  }
  if ('either' in shape) {
    const faults = shape.either.map((one) => faultsOf(value, one, path))
    return faults.find(({ length }) => length === 0) ?? faults.flat()
  }
  if ('list' in shape) {
    if (!Array.isArray(value)) return [`${path}: is no list`]
    return value.flatMap((item, at) => faultsOf(item, shape.list, `${path}[${at}]`))
  }
  if (!isObject(value)) return [`${path}: is no object`]
  const within = (name: string): string => (path === '' ? name : `${path}.${name}`)
  if ('map' in shape) return Object.entries(value).flatMap(([name, item]) => faultsOf(item, shape.map, within(name)))
  const missing = shape.required.filter((name) => !(name in value)).map((name) => `${within(name)}: is missing`)
  const others = Object.entries(value).flatMap(([name, item]) => {
    const field = shape.fields[name]
    return field === undefined ? [`${within(name)}: no such field`] : faultsOf(item, field, within(name))
  })
  return [...missing, ...others]
}

const typeNames = { text: 'string', number: 'number', boolean: 'boolean' } as const

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
