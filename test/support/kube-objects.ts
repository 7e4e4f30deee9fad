import { isObject } from './kube-shape.ts'
import type { Document } from './kube-yaml.ts'

export interface Container {
  readonly name: string
  readonly image: string
  readonly command?: readonly string[]
  readonly args?: readonly string[]
  readonly env?: readonly { readonly name: string; readonly value: string }[]
  readonly securityContext?: SecurityContext
  readonly volumeMounts?: readonly VolumeMount[]
}

export interface VolumeMount {
  readonly name: string
  readonly mountPath: string
  readonly subPath?: string
  readonly readOnly?: boolean
}

export interface SecurityContext {
  readonly runAsUser?: number
  readonly runAsNonRoot?: boolean
  readonly fsGroup?: number
  readonly allowPrivilegeEscalation?: boolean
  readonly privileged?: boolean
  readonly capabilities?: { readonly add?: readonly string[]; readonly drop?: readonly string[] }
  readonly seccompProfile?: { readonly type: string }
}

interface FileItems {
  readonly items?: readonly { readonly key: string; readonly path: string }[]
  readonly optional?: boolean
}

export interface Volume {
  readonly name: string
  readonly emptyDir?: object
  readonly configMap?: FileItems & { readonly name: string }
  readonly secret?: FileItems & { readonly secretName: string }
  readonly persistentVolumeClaim?: { readonly claimName: string }
}

export interface PodSpec {
  readonly hostUsers?: boolean
  readonly securityContext?: SecurityContext
  readonly initContainers?: readonly Container[]
  readonly containers: readonly Container[]
  readonly volumes?: readonly Volume[]
}

/** A Pod of the examples, or the one a Job or a CronJob makes. */
export interface Pod {
  readonly name: string
  readonly spec: PodSpec
}

/** The Pod a controller would make of an object; undefined for what makes none. */
export function podOf(document: Document): Pod | undefined {
  const { kind, metadata, spec } = document as { kind: string; metadata: { name: string }; spec: unknown }
  const { name } = metadata
  if (kind === 'Pod') return { name, spec: spec as PodSpec }
  if (kind === 'Job') return { name, spec: at(spec, ['template', 'spec']) as PodSpec }
  if (kind === 'CronJob') return { name, spec: at(spec, ['jobTemplate', 'spec', 'template', 'spec']) as PodSpec }
  return undefined
}

/** A value with every text in it changed. */
export function mapTexts<T>(value: T, change: (text: string) => string): T {
  if (typeof value === 'string') return change(value) as T
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change)) as T
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mapTexts(item, change)])) as T
}

/** The value at the end of a path of keys; undefined when there is none. */
export function at(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => (isObject(inner) ? inner[name] : undefined), value)
}
