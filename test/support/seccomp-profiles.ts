import { join } from 'node:path'
import { unpackedPackages } from './debian-archive.ts'

/** Docker's own profile: also that of Kubernetes' "RuntimeDefault" with containerd, as far as builds can tell. */
export function dockerProfile(): string {
  const files = unpackedPackages({ title: 'docker-source-1', names: ['golang-github-docker-docker-dev'] })
  return join(files, 'usr/share/gocode/src/github.com/docker/docker/profiles/seccomp/default.json')
}

/** The profile of podman, buildah and CRI-O. */
export const containersProfile = '/usr/share/containers/seccomp.json'
