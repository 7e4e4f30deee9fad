import type { KeyInput, KeyRecord, KeyValue } from '../../cache/key.ts'
import { withoutCredentials } from '../dockerfile/web-address.ts'
import { isGit } from '../git/address.ts'
import { formatPlatform, type Platform } from '../oci/platform.ts'
import type { AddStep, CopyStep, LayerStep, RunStep, WorkdirStep } from '../plan/step.ts'

/** What a step's layer depends on besides the step itself. */
export interface KeySurroundings {
  /** Key of the layer below, or the identity of the base. */
  readonly parent: string
  readonly platform: Platform
  readonly reproducible: boolean
  /** The latest time of a file, where it is reproducible; 1970 unless there is one. */
  readonly epoch?: Date | undefined
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
    fields: { ...fieldsOf(step, around), ...timeFields(around) },
    ...inputs,
  }
}

function timeFields({ reproducible, epoch }: KeySurroundings): { readonly [name: string]: KeyValue } {
  return reproducible ? { reproducible: epoch === undefined ? true : epoch.getTime() / 1000 } : {}
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
        checksum: step.checksum ?? null,
        ...(step.unpack === undefined ? {} : { unpack: step.unpack }),
      }
  }
}

/** Of a repository the commit counts, which is among the inputs; no credentials do. */
function keyed(source: string): string {
  return isGit(source) ? 'git' : withoutCredentials(source)
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
    sources: step.sources,
    heredocs: step.heredocs.map(({ name, content }) => ({ name, content })),
    destination: step.destination,
    workdir: step.workdir,
    chown: step.chown ?? null,
    chmod: step.chmod ?? null,
    ...(step.exclude.length === 0 ? {} : { exclude: step.exclude }),
  }
}
