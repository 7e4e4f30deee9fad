import { join } from 'node:path'
import { after } from 'node:test'
import { busyboxImage, debianImage, type LayoutImage } from './bases.ts'
import { succeeded } from './command.ts'
import { makeContext } from './context.ts'
import { checkout } from './dist.ts'
import type { ImageName } from './image-builds.ts'
import { skopeo } from './image-tree.ts'
import { gitImage, serveRepository } from './kube-git.ts'
import { projectImagesLayout } from './kube-images.ts'
import { type KubeNode, openKubeNode, type PlayedPod } from './kube-node.ts'
import { type Container, mapTexts, type Pod } from './kube-objects.ts'
import { type Document, readYaml } from './kube-yaml.ts'
import { type RunningRegistry, startRegistry } from './registry.ts'
import { temporaryDirectory } from './temp.ts'

/** Whether the executor runs commands in a Pod. While it does not, the examples are played without their RUN lines. */
export const commandsRun = true

/** What slirp4netns calls the machine. */
const hostFromInside = '10.0.2.2'

/** The user of the registry, as the examples' Secret has it. */
export const login = { username: 'builder', password: 'change-me' }

/** A part of what skopeo says of an image. */
export interface InspectedImage {
  readonly Digest: string
  readonly Labels: Readonly<Record<string, string>> | null
}

export interface KubeScene {
  readonly directory: string
  readonly registry: RunningRegistry
  readonly node: KubeNode
  /** A directory with what is in the git repository. */
  readonly application: string
  /** What a Pod with a network of its own calls this machine. */
  readonly hostFromInside: string
  /** Reads a manifest, playable, with its placeholders replaced; `host` is what the Pod calls this machine. */
  read(path: string, host?: string): Promise<readonly Document[]>
  /** Replaces placeholders as a user replaces them, by what there is here. */
  replaced<T>(value: T, host?: string): T
  /** Plays a Pod in a cluster that has a mirror of Docker Hub. */
  play(pod: Pod, objects: readonly Document[]): Promise<PlayedPod>
  /** The Pod with the mirror that `play` gives it by itself. */
  withMirror(pod: Pod): Pod
  /** The Pod with flags for a registry that is not on its own loopback. */
  fromInside(pod: Pod): Pod
  /** Puts the busybox base onto the mirror under another name. */
  publish(name: string): Promise<void>
  inspect(name: string): Promise<InspectedImage>
  /** Runs an image of the registry with podman; gives what it printed. */
  runPushed(name: string, command: readonly string[]): Promise<string>
}

/** A registry with the public images the examples name, a node that has hearth's images, a git repository. */
export async function openKubeScene(images: readonly ImageName[]): Promise<KubeScene> {
  const directory = temporaryDirectory({ after })
  const registry = await startRegistry({ auth: login })
  after(() => registry.stop())
  const [, port] = registry.host.split(':')
  const node = openKubeNode(directory)
  const layout = await projectImagesLayout()
  for (const name of images) await node.load(name, { layout, name })
  await node.load('git', await gitImage(directory))
  const busybox = await busyboxImage(directory)
  const publish = (name: string): Promise<void> => push(busybox, `${registry.host}/library/${name}`)
  await publish('busybox:1')
  await push(debianImage(), `${registry.host}/library/debian:12-slim`)
  const application = await makeApplication(directory)
  const gitPort = await serveRepository(application, { after })
  const replaced = <T>(value: T, host = '127.0.0.1'): T => {
    const places: readonly (readonly [RegExp, string])[] = [
      [/^registry\.\S*\b(executor|warmer|debug):.*$/, 'localhost/$1'],
      [/^docker\.io\/alpine\/git:latest$/, 'localhost/git'],
      [/https:\/\/git\.\S*\.git/g, `git://${host}:${gitPort}/app.git`],
      [/registry\.(?:[\w-]+\.)?example/g, `${host}:${port}`],
    ]
    return mapTexts(value, (text) => places.reduce((before, [from, to]) => before.replace(from, to), text))
  }
  const read: KubeScene['read'] = async (path, host) => {
    return replaced((await readYaml(join(checkout, 'examples', path))).map(playable), host)
  }
  return {
    ...{ directory, registry, node, application, hostFromInside, read, replaced, publish },
    play: (pod, objects) => {
      const host = pod.spec.hostUsers === false ? hostFromInside : '127.0.0.1'
      return node.play(withMirror(pod, `${host}:${port}`), objects)
    },
    withMirror: (pod) => withMirror(pod, registry.host),
    fromInside: (pod) => withFlag(pod, `--insecure-registry=${hostFromInside}:${port}`),
    inspect: async (name) => JSON.parse(await skopeo(['inspect', ...access, `docker://${registry.host}/${name}`])),
    runPushed: async (name, command) => {
      const pull = ['podman', 'pull', '--quiet', ...access, `${registry.host}/${name}`]
      const id = succeeded(await node.run(pull), pull).stdout.trim()
      const start = ['podman', 'run', '--rm', '--network', 'none', id, ...command]
      return succeeded(await node.run(start), start).stdout
    },
  }
}

const credentials = `${login.username}:${login.password}`
const access = ['--tls-verify=false', '--creds', credentials]

async function push(image: LayoutImage, reference: string): Promise<void> {
  const form = ['copy', '--quiet', '--dest-tls-verify=false', '--dest-creds', credentials]
  await skopeo([...form, `oci:${image.layout}:${image.name}`, `docker://${reference}`])
}

async function makeApplication(directory: string): Promise<string> {
  const [source] = await readYaml(join(checkout, 'examples/kubernetes/build/source.yaml'))
  const files = playable(source!).data as Readonly<Record<string, string>>
  return makeContext(directory, files)
}

/** Without what the executor cannot do yet. */
function playable(document: Document): Document {
  return commandsRun ? document : mapTexts(document, (text) => text.replace(/^RUN .*\n/gm, ''))
}

function withMirror(pod: Pod, host: string): Pod {
  return mapContainers(pod, ({ env = [], ...rest }) => {
    return { ...rest, env: [...env, { name: 'KANIKO_REGISTRY_MIRROR', value: host }] }
  })
}

function withFlag(pod: Pod, flag: string): Pod {
  return mapContainers(pod, ({ args = [], ...rest }) => ({ ...rest, args: [...args, flag] }))
}

function mapContainers({ name, spec }: Pod, change: (container: Container) => Container): Pod {
  return { name, spec: { ...spec, containers: spec.containers.map(change) } }
}
