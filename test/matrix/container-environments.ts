import { chmodSync, mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import type { LayoutImage } from '../support/bases.ts'
import type { CommandResult } from '../support/command.ts'
import { podman } from '../support/containers.ts'
import { containersProfile, dockerProfile } from '../support/seccomp-profiles.ts'
import {
  crioCapabilities,
  dockerCapabilities,
  type Environment,
  executorArguments,
  inContainer,
  leastCapabilities,
  type MatrixRequest,
} from './environments.ts'

type Start = (request: MatrixRequest, flags: readonly string[]) => Promise<CommandResult>

const image = 'localhost/hearth:executor'

/** hearth's image in containers of the machine's root, with podman's files below `directory`. */
export async function containerEnvironments(directory: string, executor: LayoutImage): Promise<readonly Environment[]> {
  const container = podman(directory)
  const id = await container.command(['pull', '--quiet', `oci:${executor.layout}:${executor.name}`])
  await container.command(['tag', id.trim(), image])
  const start: Start = (request, flags) => {
    return container.run(image, executorArguments(inContainer), [...volumes(request), ...flags])
  }
  return [...rules(start), ...mappedIds(start), withoutAnything(start, directory)]
}

/** What a container gets of the machine, for podman. */
export function volumes({ context, cache, out }: MatrixRequest): readonly string[] {
  const places = [`${context}:/workspace:ro`, `${cache}:/cache:ro`, `${out}:/out`]
  return places.flatMap((place) => ['--volume', place])
}

function rules(start: Start): readonly Environment[] {
  const docker = [...only(dockerCapabilities), ...profile(dockerProfile())]
  return [
    environment(start, "Docker's capabilities and seccomp profile", docker),
    environment(start, "Docker's profile and `no-new-privileges`", [...docker, '--security-opt=no-new-privileges']),
    environment(
      start,
      "the six capabilities in-place needs, Docker's profile",
      [...only(leastCapabilities), ...profile(dockerProfile())],
      refusingFileCapabilities,
    ),
    environment(start, "podman's seccomp profile", [...only(dockerCapabilities), ...profile(containersProfile)]),
    environment(
      start,
      "CRI-O's nine capabilities, podman's profile",
      [...only(crioCapabilities), ...profile(containersProfile)],
      refusingFileCapabilities,
    ),
    environment(start, 'no seccomp profile', [...only(dockerCapabilities), ...profile('unconfined')]),
  ]
}

/** As a Pod with `hostUsers: false` is: the container's ids are others on the machine. */
function mappedIds(start: Start): readonly Environment[] {
  const maps = ['--uidmap=0:200000:65536', '--gidmap=0:200000:65536', ...only(dockerCapabilities)]
  return [
    environment(start, "user namespace, Docker's profile", [...maps, ...profile(dockerProfile())]),
    environment(start, 'user namespace, no seccomp profile', [...maps, ...profile('unconfined')]),
  ]
}

function withoutAnything(start: Start, directory: string): Environment {
  const flags = ['--user=1000', '--cap-drop=ALL', '--security-opt=no-new-privileges', '--read-only']
  return {
    title: "user 1000 without capabilities, Docker's profile, root filesystem read-only",
    build: (request) => {
      const work = mkdtempSync(join(directory, 'work-'))
      chmodSync(work, 0o777)
      return start(request, [...flags, ...profile(dockerProfile()), `--volume=${work}:/kaniko/work`])
    },
    refuses: ({ commands }) => (commands ? 'run-unavailable' : undefined),
  }
}

/** A file's capabilities are given by those who hold SETFCAP. */
const refusingFileCapabilities: Environment['refuses'] = ({ capabilities = false }) => {
  return capabilities ? 'permission' : undefined
}

function environment(
  start: Start,
  title: string,
  flags: readonly string[],
  refuses: Environment['refuses'] = () => undefined,
): Environment {
  return { title, build: (request) => start(request, flags), refuses }
}

function only(capabilities: readonly string[]): readonly string[] {
  return ['--cap-drop=ALL', `--cap-add=${capabilities.join(',')}`]
}

function profile(path: string): readonly string[] {
  return ['--security-opt', `seccomp=${path}`]
}
