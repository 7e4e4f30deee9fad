import { mkdirSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const overlayfsMagic = 0x794c7630

/**
 * The environment that keeps podman's images, state and mounts below a directory, whoever starts it: a test, or a script
 * that knows nothing of tests.
 */
export function podmanEnvironment(directory: string): Readonly<Record<string, string>> {
  const own = join(directory, 'podman')
  mkdirSync(own, { recursive: true })
  const driver = statfsSync(own).type === overlayfsMagic ? 'vfs' : 'overlay'
  const storage = { driver, graphroot: join(own, 'root'), runroot: join(own, 'run') }
  // The limits podman sets by default need a capability that not every machine grants.
  const containers = { default_ulimits: ['nofile=1024:1024', 'nproc=1024:1024'] }
  const engine = {
    cgroup_manager: 'cgroupfs',
    events_logger: 'none',
    runtime: 'runc',
    tmp_dir: join(own, 'tmp'),
    image_copy_tmp_dir: own,
  }
  writeFileSync(join(own, 'storage.conf'), table('storage', storage))
  writeFileSync(join(own, 'containers.conf'), `${table('containers', containers)}${table('engine', engine)}`)
  return {
    PATH: '/usr/sbin:/usr/bin:/sbin:/bin',
    HOME: own,
    CONTAINERS_STORAGE_CONF: join(own, 'storage.conf'),
    CONTAINERS_CONF: join(own, 'containers.conf'),
  }
}

/** What a program and its children mount is seen by nobody else, and goes when they end. */
export const privateMounts = ['--mount', '--propagation', 'private'] as const

// JSON's texts and lists are TOML's, too.
function table(name: string, values: Readonly<Record<string, unknown>>): string {
  return [`[${name}]`, ...Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`), ''].join(
    '\n',
  )
}
