import { imageFormats } from '../../image/image.ts'
import { newCompressions } from '../../image/layer.ts'
import { explainForms, isolationChoices, snapshotModes } from '../executor-options.ts'
import type { Flag } from './flag.ts'
import { kanikoFlags } from './kaniko-flags.ts'
import { logFlags } from './log-flags.ts'
import { registryFlags } from './registry-flags.ts'

const input: readonly Flag[] = [
  {
    name: 'dockerfile',
    alias: 'f',
    kind: 'text',
    default: 'Dockerfile',
    description: 'The Dockerfile: a path, from here or from the context, or a web address',
    group: 'Input',
  },
  {
    name: 'context',
    alias: 'c',
    kind: 'text',
    default: '/workspace/',
    description:
      'The files to build from: a path, dir://path, an archive (tar://path, tar://stdin, https://…), or a git repository (git://, https://….git, ssh://)',
    group: 'Input',
  },
  {
    name: 'context-sub-path',
    kind: 'text',
    default: '',
    description: 'Directory of the context that holds the files to build from',
    group: 'Input',
  },
  {
    name: 'git',
    kind: 'list',
    description: 'How a git context is fetched: branch=, depth=, recurse-submodules=, insecure-skip-tls=; repeatable',
    group: 'Input',
  },
  {
    name: 'build-arg',
    kind: 'list',
    description: 'Value for an ARG: NAME=value, or NAME to take it from the environment; repeatable',
    group: 'Input',
  },
  {
    name: 'secret',
    kind: 'list',
    description: 'What RUN --mount=type=secret mounts: id=NAME,src=FILE or id=NAME,env=VARIABLE; repeatable',
    group: 'Input',
  },
  {
    name: 'ssh',
    kind: 'list',
    description: 'The agent RUN --mount=type=ssh reaches: default for $SSH_AUTH_SOCK, or id=SOCKET; repeatable',
    group: 'Input',
  },
  {
    name: 'build-context',
    kind: 'list',
    description: 'What stages and images of a name are taken from instead: name=place; repeatable',
    group: 'Input',
  },
  {
    name: 'target',
    kind: 'list',
    description: 'Stage to build, instead of the last one: name or number; of several, the first is the image',
    group: 'Input',
  },
  {
    name: 'custom-platform',
    kind: 'text',
    default: '',
    description: "Platform to build for: os/arch[/variant], instead of this machine's",
    group: 'Input',
  },
]

const image: readonly Flag[] = [
  { name: 'label', kind: 'list', description: 'Label of the image: key=value; repeatable', group: 'Image' },
  {
    name: 'annotation',
    kind: 'list',
    description: 'Annotation of the manifest: key=value; repeatable',
    group: 'Image',
  },
  { name: 'single-snapshot', kind: 'boolean', description: 'Make one layer of the whole target stage', group: 'Image' },
  {
    name: 'snapshot-mode',
    kind: 'text',
    default: 'full',
    choices: snapshotModes,
    description: 'How changes are looked for; every mode finds all of them',
    group: 'Image',
  },
  {
    name: 'reproducible',
    kind: 'boolean',
    description: 'Write no times later than 1970 or SOURCE_DATE_EPOCH, so that equal input gives the same image',
    group: 'Image',
  },
  {
    name: 'compression',
    kind: 'text',
    default: 'gzip',
    choices: newCompressions,
    description: 'How new layers are compressed',
    group: 'Image',
  },
  {
    name: 'compression-level',
    kind: 'integer',
    default: '-1',
    description: 'Level of that: 1 to 9 for gzip, 1 to 22 for zstd; others mean 6 and 3',
    group: 'Image',
  },
  {
    name: 'image-format',
    kind: 'text',
    default: 'oci',
    choices: imageFormats,
    description: 'Whose media types the image has',
    group: 'Image',
  },
]

const output: readonly Flag[] = [
  {
    name: 'destination',
    alias: 'd',
    kind: 'list',
    description: 'Reference to push the image to; repeatable',
    group: 'Output',
  },
  { name: 'no-push', kind: 'boolean', description: 'Build, but push nothing', env: 'KANIKO_NO_PUSH', group: 'Output' },
  { name: 'tar-path', kind: 'text', default: '', description: 'Write a docker-archive here', group: 'Output' },
  {
    name: 'oci-layout-path',
    kind: 'text',
    default: '',
    description: 'Write an OCI image layout here',
    group: 'Output',
  },
  {
    name: 'digest-file',
    kind: 'text',
    default: '',
    description: "Write the manifest's digest here; a web address gets it with a PUT",
    group: 'Output',
  },
  {
    name: 'image-name-with-digest-file',
    kind: 'text',
    default: '',
    description: 'Write repository@digest of every destination here',
    group: 'Output',
  },
  {
    name: 'image-name-tag-with-digest-file',
    kind: 'text',
    default: '',
    description: 'Write repository:tag@digest of every destination here',
    group: 'Output',
  },
]

const cache: readonly Flag[] = [
  { name: 'cache', kind: 'boolean', description: 'Use warmed base images and cached layers', group: 'Cache' },
  { name: 'cache-dir', kind: 'text', default: '/cache', description: 'Directory of the local cache', group: 'Cache' },
  {
    name: 'cache-unpacked',
    kind: 'boolean',
    description: 'Keep the unpacked files of base images in --cache-dir, and begin with those that are there',
    group: 'Cache',
  },
  {
    name: 'same-step-wait',
    kind: 'duration',
    default: '30m',
    description: 'How long to wait for another build on the same directory that is at the same step; 0 for not at all',
    group: 'Cache',
  },
  {
    name: 'cache-repo',
    kind: 'text',
    default: '',
    description:
      'Repository that shares cached layers, or oci:path; when pushing, the first destination + /cache unless given',
    group: 'Cache',
  },
  {
    name: 'cache-ttl',
    kind: 'duration',
    default: '336h',
    description: 'Age from which cached layers and warmed tags no longer count; layers unused for as long are removed',
    group: 'Cache',
  },
  {
    name: 'cache-max-size',
    kind: 'size',
    default: '',
    description: 'Bytes (10GiB) the cache directory may have after a build; what was used longest ago is removed',
    group: 'Cache',
  },
  {
    name: 'cache-mount-max-size',
    kind: 'size',
    default: '',
    description: 'Bytes (10GiB) all cache mounts may have after a build; those used longest ago are removed',
    group: 'Cache',
  },
  {
    name: 'cache-run-layers',
    kind: 'boolean',
    default: 'true',
    description: 'Cache the layers of RUN and WORKDIR',
    group: 'Cache',
  },
  {
    name: 'cache-copy-layers',
    kind: 'boolean',
    description: 'Cache COPY and ADD in the repository, too; unless given, in the directory only; =false, nowhere',
    group: 'Cache',
  },
  {
    name: 'cache-from',
    kind: 'list',
    description:
      'Where to take layers from besides the directory: registry/repository, oci:path, type=registry,ref=… or type=local,src=…; none for nowhere at all; repeatable',
    group: 'Cache',
  },
  {
    name: 'cache-to',
    kind: 'list',
    description:
      'Where new layers go besides the directory: registry/repository, oci:path, type=registry,ref=… or type=local,dest=…; none for nowhere at all; repeatable',
    group: 'Cache',
  },
  {
    name: 'explain',
    kind: 'text',
    default: 'text',
    choices: explainForms,
    description:
      'How to say why a step is not in the cache: in the log, as JSON lines on standard output, or not at all',
    group: 'Cache',
  },
  { name: 'no-push-cache', kind: 'boolean', description: 'Write nothing to the cache repository', group: 'Cache' },
]

const running: readonly Flag[] = [
  { name: 'dryrun', kind: 'boolean', description: 'Print the plan and build nothing', group: 'Running' },
  {
    name: 'work-dir',
    kind: 'text',
    default: '',
    description: 'Where the root filesystems of stages live; a new temporary directory otherwise',
    env: 'HEARTH_WORK_DIR',
    group: 'Running',
  },
  {
    name: 'kaniko-dir',
    kind: 'text',
    default: '',
    description:
      'Directory to use in place of /kaniko: for --work-dir unless that is given, and for a .docker/config.json in it',
    env: 'KANIKO_DIR',
    group: 'Running',
  },
  {
    name: 'isolation',
    kind: 'text',
    default: 'auto',
    choices: isolationChoices,
    description: 'How commands are kept apart from the machine; auto takes the first that works here, but never chroot',
    group: 'Running',
  },
  {
    name: 'ignore-path',
    kind: 'list',
    description: 'Absolute path whose changes are left out of layers; its parts may be patterns; repeatable',
    group: 'Running',
  },
  {
    name: 'ignore-var-run',
    kind: 'boolean',
    description: 'In place, leave /var/run out as well while something is mounted in it',
    group: 'Running',
  },
  {
    name: 'cleanup',
    kind: 'boolean',
    description: 'In place, remove the last stage from the root at the end',
    env: 'KANIKO_CLEANUP',
    group: 'Running',
  },
  {
    name: 'preserve-context',
    kind: 'boolean',
    description: 'In place, with --cleanup, let the root hold in the end what it held before',
    env: 'KANIKO_PRESERVE_CONTEXT',
    group: 'Running',
  },
  { name: 'force', kind: 'boolean', description: 'Build also outside a container', group: 'Running' },
]

/** Every flag of the executor, in the order of its help. */
export const executorFlags: readonly Flag[] = [
  ...input,
  ...image,
  ...output,
  ...cache,
  ...registryFlags,
  ...running,
  ...logFlags,
  ...kanikoFlags,
]
