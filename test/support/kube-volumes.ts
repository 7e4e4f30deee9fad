import { execFileSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { at, type Container, type PodSpec, type Volume } from './kube-objects.ts'
import type { Document } from './kube-yaml.ts'

/** Where the volumes of Pods are on this machine, and what they hold. */
export interface VolumePlaces {
  /** For this Pod's own volumes. */
  readonly directory: string
  /** For claims, which outlive Pods: a directory with one directory for each. */
  readonly claims: string
  /** ConfigMaps and Secrets. */
  readonly objects: readonly Document[]
}

/** The Pod with every volume made a directory of this machine, as a kubelet makes them. */
export function withHostPaths(spec: PodSpec, places: VolumePlaces): PodSpec {
  const made = new Map((spec.volumes ?? []).map((volume) => [volume.name, makeVolume(volume, places)]))
  const owner = spec.securityContext?.fsGroup
  // Who does not belong to an fsGroup is root; a kubelet gives the group what is in a volume each time it is mounted.
  if (owner !== undefined) for (const path of made.values()) giveToGroup(path, owner)
  const hostPaths = new Map<string, string>()
  const mountsOf = (container: Container): Container => ({
    ...container,
    volumeMounts: (container.volumeMounts ?? []).map(({ subPath, ...mount }) => {
      const name = subPath === undefined ? mount.name : `${mount.name}-${hostPaths.size}`
      hostPaths.set(name, join(made.get(mount.name)!, subPath ?? ''))
      return { ...mount, name }
    }),
  })
  const containers = spec.containers.map(mountsOf)
  const initContainers = (spec.initContainers ?? []).map(mountsOf)
  const volumes = [...hostPaths].map(([name, path]) => ({ name, hostPath: { path } }))
  return { ...spec, initContainers, containers, volumes }
}

function makeVolume({ name, configMap, secret, persistentVolumeClaim }: Volume, places: VolumePlaces): string {
  if (persistentVolumeClaim !== undefined) {
    const path = join(places.claims, persistentVolumeClaim.claimName)
    mkdirSync(path, { recursive: true })
    return path
  }
  const path = mkdtempSync(join(places.directory, `${name}-`))
  // An emptyDir is everybody's.
  chmodSync(path, 0o777)
  if (configMap !== undefined) project(path, { ...configMap, data: dataOf('ConfigMap', configMap.name, places) })
  if (secret !== undefined) project(path, { ...secret, data: dataOf('Secret', secret.secretName, places) })
  return path
}

function dataOf(kind: string, name: string, { objects }: VolumePlaces): Readonly<Record<string, string>> | undefined {
  const object = objects.find((one) => one.kind === kind && at(one, ['metadata', 'name']) === name)
  return (object?.data ?? object?.stringData) as Readonly<Record<string, string>> | undefined
}

interface Projection {
  readonly data: Readonly<Record<string, string>> | undefined
  readonly items?: readonly { readonly key: string; readonly path: string }[]
  readonly optional?: boolean
}

/** Files as a kubelet lays them: links to links, so that all of them can be replaced at once. */
function project(path: string, { data, items, optional = false }: Projection): void {
  if (data === undefined && optional) return
  if (data === undefined) throw new Error(`there is no object for ${path}`)
  mkdirSync(join(path, '..first'))
  symlinkSync('..first', join(path, '..data'))
  for (const { key, path: name } of items ?? Object.keys(data).map((key) => ({ key, path: key }))) {
    writeFileSync(join(path, '..first', name), data[key]!)
    symlinkSync(`..data/${name}`, join(path, name))
  }
}

function giveToGroup(path: string, group: number): void {
  execFileSync('chgrp', ['-R', '-h', String(group), path])
  execFileSync('chmod', ['-R', 'g+rwX', path])
  execFileSync('find', [path, '-xdev', '-type', 'd', '-exec', 'chmod', 'g+s', '{}', '+'])
}

/** A file for what a container says at its end. */
export function terminationLog(directory: string): string {
  const path = join(directory, 'termination-log')
  rmSync(path, { force: true })
  writeFileSync(path, '')
  chmodSync(path, 0o666)
  return path
}
