import type { KeyInput, KeyRecord, KeyValue } from '../../cache/key.ts'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { isGit } from '../git/address.ts'
import { formatPlatform, type Platform } from '../oci/platform.ts'
import type { AddStep, CopyStep, LayerStep, RunStep, WorkdirStep } from '../plan/step.ts'
import { parseDestination } from '../rootfs/copy-destination.ts'
import type { LayerOptions } from './rooms.ts'

/** What stands in a key for a stage or image whose files are told by what is in them. */
export const contentOrigin = 'content'

/** What a step's layer depends on besides the step itself. */
export interface KeySurroundings {
  /** Key of the layer below, or the identity of the base. */
  readonly parent: string
  readonly platform: Platform
  readonly layers: Pick<LayerOptions, 'reproducible' | 'epoch' | 'snapshotMode' | 'ignorePaths'>
  /** Identity of the stage or image files are copied from; undefined for the build context. */
  readonly origin: string | undefined
  /** Files read from the build context, or what an address delivered. */
  readonly inputs: readonly KeyInput[]
  /** What a command finds mounted: by content, or by name where content must not decide. Never a secret's value. */
  readonly mounts: readonly KeyValue[]
}

/** The record that is hashed into a step's cache key: everything that decides about its layer, and nothing else. */
export function keyRecordOf(step: LayerStep, around: KeySurroundings): KeyRecord {
  const inputs = around.inputs.length === 0 ? {} : { inputs: around.inputs }
  return {
    version: 1,
    parent: around.parent,
    platform: formatPlatform(around.platform),
    instruction: instructionOf(step),
    fields: { ...fieldsOf(step, around), ...layerFields(step, around) },
    ...inputs,
  }
}

/** What the layer is without, and how closely was looked. */
function layerFields(step: LayerStep, { layers }: KeySurroundings): { readonly [name: string]: KeyValue } {
  const { reproducible, epoch, snapshotMode, ignorePaths = [] } = layers
  return {
    ...(reproducible ? { reproducible: epoch === undefined ? true : epoch.getTime() / 1000 } : {}),
    ...(ignorePaths.length === 0 ? {} : { ignorePaths: [...new Set(ignorePaths)].sort() }),
    ...(snapshotMode === 'full' || step.kind !== 'run' ? {} : { snapshotMode }),
  }
}

function instructionOf(step: LayerStep): KeyRecord['instruction'] {
  switch (step.kind) {
    case 'run':
      return 'RUN'
    case 'copy':
      return 'COPY'
    case 'add':
      return 'ADD'
    case 'workdir':
      return 'WORKDIR'
  }
}

function fieldsOf(step: LayerStep, around: KeySurroundings): { readonly [name: string]: KeyValue } {
  switch (step.kind) {
    case 'run':
      return runFields(step, around.mounts)
    case 'workdir':
      return workdirFields(step)
    case 'copy':
      return { ...fileFields(step, around.origin), ...(step.parents ? { parents: true } : {}) }
    case 'add':
      return {
        ...fileFields(step, around.origin),
        sources: step.sources.map(keyed),
        ...(step.unpack === undefined ? {} : { unpack: step.unpack }),
      }
  }
}

/** Of a repository the commit counts, of a download its bytes and the file's name: both are among the inputs. */
function keyed(source: string): string {
  if (isGit(source)) return 'git'
  return isWebAddress(source) ? 'web' : source
}

function runFields(step: RunStep, mounts: readonly KeyValue[]): { readonly [name: string]: KeyValue } {
  const { argv, env, user, workdir, script, network, security, devices, hostname } = step
  return {
    ...{ argv, env, user, workdir },
    ...(script === undefined ? {} : { script: { ...script } }),
    ...(mounts.length === 0 ? {} : { mounts }),
    ...(network === 'default' ? {} : { network }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(security === 'sandbox' ? {} : { security }),
    ...(devices.length === 0 ? {} : { devices: devices.map(({ name }) => name) }),
  }
}

function workdirFields(step: WorkdirStep): { readonly [name: string]: KeyValue } {
  return { path: step.path, user: step.user }
}

function fileFields(step: CopyStep | AddStep, origin: string | undefined): { readonly [name: string]: KeyValue } {
  return {
    from: origin ?? null,
    ...(isToldByInputs(step, origin) ? {} : { sources: step.sources }),
    heredocs: step.heredocs.map(({ name, content }) => ({ name, content })),
    destination: destinationOf(step),
    chown: step.chown ?? null,
    chmod: step.chmod ?? null,
    ...(step.exclude.length === 0 ? {} : { exclude: step.exclude }),
  }
}

/** Absolute: a working directory decides about no other. */
function destinationOf({ destination, workdir }: CopyStep | AddStep): string {
  const { path, isDirectory } = parseDestination(destination, workdir)
  const text = Buffer.from(path, 'latin1').toString()
  return isDirectory && path !== '' ? `/${text}/` : `/${text}`
}

/**
 * Whether the inputs say all there is to say of the sources: which are directories whose contents are copied, and which
 * are files with a name. Of archives and of directories that are kept they do not.
 */
function isToldByInputs(step: CopyStep | AddStep, from: string | undefined): boolean {
  if (step.kind === 'add' || step.parents) return false
  return from === contentOrigin || (from === undefined && step.origin.kind === 'context')
}
