import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LayoutImage } from './bases.ts'
import { type CommandResult, run, tryRun } from './command.ts'
import { unpackedPackages } from './debian-archive.ts'

export type GvisorPlatform = 'systrap' | 'ptrace'

export interface GvisorContainer {
  /** What follows the image's entrypoint. */
  readonly args: readonly string[]
  /** Added to the image's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly mounts: readonly GvisorMount[]
  /** "CHOWN", …: all that the container has. */
  readonly capabilities: readonly string[]
  readonly noNewPrivileges?: boolean
  /** Default "systrap", which is gVisor's own. */
  readonly platform?: GvisorPlatform
  /** Default "none". */
  readonly network?: 'none' | 'host'
}

export interface GvisorMount {
  readonly source: string
  readonly target: string
  readonly readOnly?: boolean
}

export interface Gvisor {
  /** Runs a new container of the image to its end. One at a time: they share the directory the image is unpacked in. */
  run(container: GvisorContainer): Promise<CommandResult>
}

/** Debian 12's own runsc is older than the systrap platform. */
const packages = { title: 'runsc-1', names: ['runsc'], suite: 'bookworm-backports' } as const

/** Unpacks an image below `directory` and runs it with gVisor's runsc, as containerd would. */
export async function gvisor(directory: string, { layout, name }: LayoutImage): Promise<Gvisor> {
  const runsc = join(unpackedPackages(packages), 'usr/bin/runsc')
  const bundle = join(directory, 'gvisor')
  await run('umoci', ['unpack', '--image', `${layout}:${name}`, bundle])
  const configFile = join(bundle, 'config.json')
  const imageConfig = JSON.parse(readFileSync(configFile, 'utf8')) as RuntimeConfig
  return {
    run: (container) => {
      const { platform = 'systrap', network = 'none' } = container
      writeFileSync(configFile, JSON.stringify(configFor(imageConfig, container)))
      const root = mkdtempSync(join(directory, 'runsc-'))
      const flags = ['--root', root, '--platform', platform, '--network', network, '--ignore-cgroups']
      const argv = [runsc, ...flags, 'run', '--bundle', bundle, `hearth-${process.pid}`]
      return tryRun('unshare', ['--mount', '--propagation', 'private', ...argv], { timeout: 600 })
    },
  }
}

interface RuntimeConfig {
  readonly process: { readonly args: readonly string[]; readonly env: readonly string[]; readonly cwd: string }
}

function configFor({ process }: RuntimeConfig, container: GvisorContainer): object {
  const { args, env = {}, noNewPrivileges = false } = container
  const capabilities = container.capabilities.map((name) => `CAP_${name}`)
  const binds = container.mounts.map(({ source, target, readOnly = false }) => ({
    ...{ type: 'bind', source, destination: target, options: ['rbind', readOnly ? 'ro' : 'rw'] },
  }))
  return {
    ociVersion: '1.0.2',
    process: {
      user: { uid: 0, gid: 0 },
      args: [...process.args, ...args],
      env: [...process.env, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)],
      cwd: process.cwd,
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      noNewPrivileges,
    },
    root: { path: 'rootfs', readonly: false },
    hostname: 'gvisor',
    mounts: [...kernelMounts, ...binds],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
  }
}

const kernelMounts = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
]
