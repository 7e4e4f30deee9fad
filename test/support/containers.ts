import { mkdirSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import { type CommandOptions, type CommandResult, run, tryRun } from './command.ts'

/** Runs podman or buildah, which must succeed; gives what it printed. */
export type ContainerTool = (args: readonly string[], options?: CommandOptions) => Promise<string>

export interface Podman {
  readonly command: ContainerTool
  /** Starts a container of an image podman already has; gives its exit code and output. */
  run(image: string, command?: readonly string[], flags?: readonly string[]): Promise<CommandResult>
}

const overlayfsMagic = 0x794c7630

/** The machine's podman, with its images, state and mounts below `directory`. */
export function podman(directory: string): Podman {
  const own = ['--tmpdir', join(directory, 'podman/tmp'), '--cgroup-manager', 'cgroupfs', '--events-backend', 'none']
  const argv = ['podman', ...storage(join(directory, 'podman')), ...own, '--runtime', 'runc', '--log-level', 'error']
  // The limits podman sets by default need a capability that not every machine grants.
  const limits = ['--ulimit', 'nofile=1024:1024', '--ulimit', 'nproc=1024:1024']
  return {
    command: tool(argv),
    run: (image, command = [], flags = []) => {
      const started = [...argv, 'run', '--rm', '--network', 'none', '--pull', 'never', ...limits]
      // A build on a busy machine.
      return tryRun('unshare', [...privateMounts, ...started, ...flags, image, ...command], { timeout: 600 })
    },
  }
}

/** The machine's buildah, with its images and state below `directory`. */
export function buildah(directory: string): ContainerTool {
  return tool(['buildah', ...storage(join(directory, 'buildah'))])
}

/** What these programs mount is seen by nobody else and goes when they end. */
const privateMounts = ['--mount', '--propagation', 'private']

function tool(argv: readonly string[]): ContainerTool {
  return (args, options) => run('unshare', [...privateMounts, ...argv, ...args], options)
}

function storage(directory: string): readonly string[] {
  mkdirSync(directory, { recursive: true })
  const driver = statfsSync(directory).type === overlayfsMagic ? 'vfs' : 'overlay'
  return ['--root', join(directory, 'root'), '--runroot', join(directory, 'run'), '--storage-driver', driver]
}
