import { dockerHub } from '../oci/reference.ts'

/** A registry as it is connected to: Docker Hub has one name for people and another for machines. */
export function connectedHost(name: string): string {
  return ['docker.io', dockerHub].includes(name) ? 'registry-1.docker.io' : name.replace(/:443$/, '')
}
