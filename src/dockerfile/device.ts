import { csvFields } from './csv.ts'
import { goBoolean, type KeyValue, keyed, splitKeyValues } from './key-values.ts'
import { syntaxError } from './syntax-error.ts'

/** A `--device`. */
export interface Device {
  readonly name: string
  /** Without it the command may run where there is no such device. */
  readonly required: boolean
}

const what = 'RUN --device'

/** Reads a `--device`: "NAME", "name=NAME", and "required" behind it. A name may have a "=" in it. */
export function readDevice(text: string): Device {
  const [first, ...rest] = splitKeyValues(text)
  const isKey = first !== undefined && ['name', 'required'].includes(first.name)
  const fields = keyed(what, first !== undefined && isKey ? [first, ...rest] : rest, {
    name: 'name',
    required: 'required',
  })
  const named = fields.findLast(({ key }) => key === 'name')?.value
  const name = named ?? (isKey ? '' : (csvFields(text)[0] ?? ''))
  if (name === '') throw syntaxError(`${what} names no device`, { fix: 'Write --device=NAME.' })
  return { name, required: isRequired(fields) }
}

function isRequired(fields: readonly KeyValue[]): boolean {
  const given = fields.findLast(({ key }) => key === 'required')
  const required = given === undefined ? false : goBoolean(given.value ?? 'true')
  if (required === undefined) throw syntaxError(`${what}: required=${given?.value} is neither true nor false`)
  return required
}
