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
    name: 'image-list',
    kind: 'list',
    description:
      'File with an image on each line, platforms after it if they are its own; or a directory of such files; repeatable',
    group: 'Input',
  },
  {
    name: 'dockerfile',
    alias: 'd',
    kind: 'list',
    description:
      'Dockerfile whose base images to warm: a path, a web address, or a directory to look for some in; repeatable',
    group: 'Input',
  },
  {
    name: 'build-arg',
    kind: 'list',
    description: "Value for an ARG in a Dockerfile's FROM: NAME=value, or NAME to take it from here; repeatable",
    group: 'Input',
  },
  {
    name: 'build-arg-matrix',
    kind: 'list',
    description: 'Values for an ARG, each of which is warmed for: NAME=a,b; several make all combinations; repeatable',
    group: 'Input',
  },
  {
    name: 'custom-platform',
    kind: 'list',
    description:
      "Platforms to warm images of: os/arch[/variant], with commas between them, instead of this machine's; repeatable",
    group: 'Input',
  },
]

/** Where warmed images are, and when their tags are too old. */
export const warmDirectoryFlags: readonly Flag[] = [
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
]

const cache: readonly Flag[] = [
  ...warmDirectoryFlags,
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
  {
    name: 'unpack',
    kind: 'boolean',
    description: 'Unpack the images as well, for executors with --cache-unpacked; as root only',
    group: 'Cache',
  },
  {
    name: 'lock-file',
    kind: 'text',
    default: '',
    description: 'Write down in this file which digest each tag stands for',
    group: 'Cache',
  },
  {
    name: 'locked',
    kind: 'boolean',
    description: 'Warm what --lock-file says, and nothing where it lacks an image',
    group: 'Cache',
  },
  {
    name: 'parallel',
    kind: 'integer',
    default: '4',
    description: 'Images looked after, and layers transferred, at once',
    group: 'Cache',
  },
]

const result: readonly Flag[] = [
  {
    name: 'format',
    kind: 'text',
    default: 'text',
    choices: ['text', 'json'],
    description: 'Form of the result on standard output',
    group: 'Result',
  },
  {
    name: 'report',
    kind: 'text',
    default: '',
    description: 'Write the result to this file, as JSON',
    group: 'Result',
  },
  {
    name: 'fail-on',
    kind: 'text',
    default: 'any',
    choices: ['any', 'all'],
    description: "Which failing images make it fail; all is kaniko's way",
    group: 'Result',
  },
  {
    name: 'progress',
    kind: 'duration',
    default: '10s',
    description: 'How often to say how much has been transferred; 0 for never',
    group: 'Result',
  },
]

/** Every flag of the warmer, in the order of its help. */
export const warmerFlags: readonly Flag[] = [
  ...input,
  ...cache,
  ...result,
  ...pullRegistryFlags,
  ...logFlags,
  ...kanikoWarmerFlags,
]
