import type { Flag } from './flag.ts'
import { kanikoWarmerFlags } from './kaniko-flags.ts'
import { logFlags } from './log-flags.ts'
import { pullRegistryFlags } from './registry-flags.ts'

const input: readonly Flag[] = [
  {
    name: 'image',
    alias: 'i',
    kind: 'list',
    description: 'Image to warm: a reference, or oci:directory:name for one of an OCI layout; repeatable',
    group: 'Input',
  },
  {
    name: 'dockerfile',
    alias: 'd',
    kind: 'text',
    default: '',
    description: 'Dockerfile whose base images to warm',
    group: 'Input',
  },
  {
    name: 'build-arg',
    kind: 'list',
    description: "Value for an ARG in the Dockerfile's FROM: NAME=value, or NAME to take it from here; repeatable",
    group: 'Input',
  },
  {
    name: 'custom-platform',
    kind: 'text',
    default: '',
    description: "Platform to warm images of: os/arch[/variant], instead of this machine's",
    group: 'Input',
  },
]

const cache: readonly Flag[] = [
  {
    name: 'cache-dir',
    alias: 'c',
    kind: 'text',
    default: '/cache',
    description: 'Directory to warm images in',
    group: 'Cache',
  },
  {
    name: 'cache-ttl',
    kind: 'duration',
    default: '336h',
    description: 'Age from which the registry is asked again what a tag stands for',
    group: 'Cache',
  },
  {
    name: 'cache-max-size',
    kind: 'size',
    default: '',
    description: 'Bytes (10GiB) the directory may have after warming; what was used longest ago is removed',
    group: 'Cache',
  },
  {
    name: 'force',
    alias: 'f',
    kind: 'boolean',
    description: 'Ask again for every image, and fetch what turns out damaged',
    group: 'Cache',
  },
]

/** Every flag of the warmer, in the order of its help. */
export const warmerFlags: readonly Flag[] = [
  ...input,
  ...cache,
  ...pullRegistryFlags,
  ...logFlags,
  ...kanikoWarmerFlags,
]
