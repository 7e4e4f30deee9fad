import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { LayoutImage } from './bases.ts'
import { type CommandResult, run, succeeded, tryRun } from './command.ts'
import type { Container, Pod, PodSpec } from './kube-objects.ts'
import { podmanEnvironment, privateMounts } from './kube-podman.ts'
import { terminationLog, withHostPaths } from './kube-volumes.ts'
import type { Document } from './kube-yaml.ts'

/** A machine that runs Pods: what a kubelet does for one is done here, the rest by podman. */
export interface KubeNode {
  /** Gives podman an image, as localhost/name. */
  load(name: string, image: LayoutImage): Promise<void>
  /** Runs a Pod to its end. */
  play(pod: Pod, objects: readonly Document[]): Promise<PlayedPod>
  /** Where a claim's files are. */
  claim(name: string): string
  /** Runs a program that uses this podman, whatever comes of it. */
  run(argv: readonly string[], options?: { readonly env?: Readonly<Record<string, string>> }): Promise<CommandResult>
}

export interface PlayedPod {
  /** Exit code of the last container. */
  readonly code: number
  readonly log: string
  /** What the container wrote to /dev/termination-log. */
  readonly said: string
}

export function openKubeNode(directory: string): KubeNode {
  const environment = podmanEnvironment(directory)
  const claims = join(directory, 'claims')
  const ids = join(directory, 'subordinate-ids')
  writeFileSync(ids, 'containers:200000:131072\n')
  const start: KubeNode['run'] = (argv, { env = {} } = {}) => {
    return tryRun('unshare', [...privateMounts, ...argv], { env: { ...environment, ...env } })
  }
  const load = async (name: string, { layout, name: tag }: LayoutImage): Promise<void> => {
    // podman makes a name of the path, and names have no capital letters.
    const form = ['pull', '--quiet', `oci:${basename(layout)}:${tag}`]
    const options = { cwd: dirname(layout), env: environment }
    const id = (await run('unshare', [...privateMounts, 'podman', ...form], options)).trim()
    succeeded(await start(['podman', 'tag', id, `localhost/${name}`]), ['podman', 'tag', id])
  }
  const play: KubeNode['play'] = async (pod, objects) => {
    const own = mkdtempSync(join(directory, `${pod.name}-`))
    const log = terminationLog(own)
    const spec = asPlayed(withHostPaths(pod.spec, { directory: own, claims, objects }), log)
    const manifest = { apiVersion: 'v1', kind: 'Pod', metadata: { name: pod.name }, spec }
    writeFileSync(join(own, 'pod.json'), JSON.stringify(manifest))
    const files = { FILE: join(own, 'pod.json'), POD: pod.name, IDS: ids, LAST: pod.spec.containers.at(-1)!.name }
    const script = pod.spec.hostUsers === false ? userNamespace + playing : playing
    const network = pod.spec.hostUsers === false ? 'slirp4netns:allow_host_loopback=true' : 'host'
    const result = await start(['sh', '-c', script], { env: { ...files, NETWORK: network } })
    return { code: result.code, log: result.stdout + result.stderr, said: readFileSync(log, 'utf8') }
  }
  mkdirSync(claims)
  return { load, play, run: start, claim: (name) => join(claims, name) }
}

const playing = `
podman kube play --network "$NETWORK" $USERNS "$FILE" > "$FILE.played" 2>&1 || { cat "$FILE.played" >&2; exit 125; }
code=$(podman wait "$POD-$LAST")
podman logs "$POD-$LAST"
podman pod rm --force "$POD" > "$FILE.removed" 2>&1 || podman pod rm --force "$POD" > "$FILE.removed" 2>&1
exit "$code"
`

/** podman takes the ids of user namespaces from these files; here they are others, for it alone. */
const userNamespace = `
mount --bind "$IDS" /etc/subuid
mount --bind "$IDS" /etc/subgid
USERNS='--userns auto:size=65536'
`

/** With what a kubelet does and podman does not: variables in arguments, a place for last words. */
function asPlayed(spec: PodSpec, log: string): PodSpec {
  const containerOf = (container: Container): Container => {
    const mount = { name: 'termination-log', mountPath: '/dev/termination-log' }
    return {
      ...container,
      ...{ imagePullPolicy: 'Never' },
      args: (container.args ?? []).map((arg) => expandVariables(arg, container)),
      volumeMounts: [...(container.volumeMounts ?? []), mount],
    }
  }
  return {
    ...spec,
    initContainers: (spec.initContainers ?? []).map(containerOf),
    containers: spec.containers.map(containerOf),
    volumes: [...(spec.volumes ?? []), { name: 'termination-log', ...{ hostPath: { path: log } } }],
  }
}

/** $(NAME) in an argument becomes the variable's value. */
export function expandVariables(text: string, { env = [] }: Container): string {
  return text.replace(/\$\((\w+)\)/g, (whole, name) => env.find((one) => one.name === name)?.value ?? whole)
}
