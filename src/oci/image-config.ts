import { asRecord, invalid, parseJson, parseStringMap } from './descriptor.ts'
import { type DiffID, parseDiffID } from './digest.ts'

/** What a container started from the image gets (the `config` object of an image configuration). */
export interface ContainerConfig {
  readonly User?: string
  readonly ExposedPorts?: Readonly<Record<string, object>>
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly Volumes?: Readonly<Record<string, object>>
  readonly WorkingDir?: string
  readonly Labels?: Readonly<Record<string, string>>
  readonly StopSignal?: string
  /** Docker's extensions, kept because Docker itself reads them. */
  readonly Healthcheck?: Healthcheck
  readonly OnBuild?: readonly string[]
  readonly Shell?: readonly string[]
  readonly ArgsEscaped?: boolean
}

/** Durations in nanoseconds, as Docker writes them. */
export interface Healthcheck {
  readonly Test: readonly string[]
  readonly Interval?: number
  readonly Timeout?: number
  readonly StartPeriod?: number
  readonly StartInterval?: number
  readonly Retries?: number
}

export interface History {
  readonly created?: string
  readonly created_by?: string
  readonly author?: string
  readonly comment?: string
  readonly empty_layer?: boolean
}

/** An image configuration document. `diffIDs` run from the lowest layer to the topmost. */
export interface ImageConfig {
  readonly created?: string
  readonly author?: string
  readonly architecture: string
  readonly os: string
  readonly variant?: string
  readonly osVersion?: string
  readonly config: ContainerConfig
  readonly diffIDs: readonly DiffID[]
  readonly history: readonly History[]
}

/** Reads an untrusted configuration: null lists (Go's empty ones) are empty, wrong shapes are refused by name. */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  const o = asRecord(parseJson(bytes, 'image configuration'), 'image configuration')
  const rootfs = asRecord(o.rootfs, 'rootfs of the image configuration')
  const text = (name: string): Record<string, string> => optionalText(o, name)
  return {
    ...text('created'),
    ...text('author'),
    architecture: optionalText(o, 'architecture').architecture ?? '',
    os: optionalText(o, 'os').os ?? '',
    ...text('variant'),
    ...(typeof o['os.version'] === 'string' ? { osVersion: o['os.version'] } : {}),
    config: parseContainerConfig(o.config ?? {}),
    diffIDs: stringList(rootfs.diff_ids, 'rootfs.diff_ids').map(parseDiffID),
    history: Array.isArray(o.history) ? o.history.map((entry) => parseHistory(entry)) : [],
  }
}

function parseContainerConfig(value: unknown): ContainerConfig {
  const o = asRecord(value, 'config of the image configuration')
  const list = (name: string): Record<string, readonly string[]> =>
    o[name] === undefined || o[name] === null ? {} : { [name]: stringList(o[name], name) }
  const set = (name: string): Record<string, Record<string, object>> =>
    o[name] === undefined || o[name] === null
      ? {}
      : { [name]: Object.fromEntries(Object.keys(asRecord(o[name], name)).map((key) => [key, {}])) }
  return {
    ...optionalText(o, 'User'),
    ...set('ExposedPorts'),
    ...list('Env'),
    ...list('Entrypoint'),
    ...list('Cmd'),
    ...set('Volumes'),
    ...optionalText(o, 'WorkingDir'),
    ...(o.Labels === undefined || o.Labels === null ? {} : { Labels: parseStringMap(o.Labels) }),
    ...optionalText(o, 'StopSignal'),
    ...(o.Healthcheck === undefined || o.Healthcheck === null ? {} : { Healthcheck: parseHealthcheck(o.Healthcheck) }),
    ...list('OnBuild'),
    ...list('Shell'),
    ...(o.ArgsEscaped === true ? { ArgsEscaped: true } : {}),
  }
}

function parseHealthcheck(value: unknown): Healthcheck {
  const o = asRecord(value, 'Healthcheck')
  const number = (name: string): Record<string, number> => {
    const n = o[name]
    return typeof n === 'number' && Number.isFinite(n) ? { [name]: n } : {}
  }
  return {
    Test: o.Test === undefined || o.Test === null ? [] : stringList(o.Test, 'Healthcheck.Test'),
    ...number('Interval'),
    ...number('Timeout'),
    ...number('StartPeriod'),
    ...number('StartInterval'),
    ...number('Retries'),
  }
}

function parseHistory(value: unknown): History {
  const o = asRecord(value, 'history entry')
  return {
    ...optionalText(o, 'created'),
    ...optionalText(o, 'created_by'),
    ...optionalText(o, 'author'),
    ...optionalText(o, 'comment'),
    ...(o.empty_layer === true ? { empty_layer: true } : {}),
  }
}

/** The bytes of a configuration, fields in the order Docker writes them. */
export function imageConfigBytes(image: ImageConfig): Uint8Array {
  const { created, author, architecture, os, variant, osVersion, config, diffIDs, history } = image
  const document = {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    architecture,
    os,
    ...(variant === undefined ? {} : { variant }),
    ...(osVersion === undefined ? {} : { 'os.version': osVersion }),
    config,
    rootfs: { type: 'layers', diff_ids: diffIDs },
    history,
  }
  return new TextEncoder().encode(JSON.stringify(document))
}

function optionalText(object: Readonly<Record<string, unknown>>, name: string): Record<string, string> {
  const value = object[name]
  if (value === undefined || value === null) return {}
  if (typeof value !== 'string') throw invalid(`"${name}" of the image configuration is not a text`)
  return { [name]: value }
}

function stringList(value: unknown, name: string): readonly string[] {
  if (value === null) return []
  if (!Array.isArray(value) || value.some((item) => typeof item !== 'string'))
    throw invalid(`"${name}" is not a list of texts`)
  return value as string[]
}
