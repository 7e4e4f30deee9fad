import { HearthError } from '../errors.ts'
import { discardBody } from '../http/http-client.ts'
import type { ManifestAddress } from './manifests.ts'
import { registryError } from './registry-error.ts'
import type { RegistrySession } from './registry-session.ts'
import { repositoryScope } from './scope.ts'

/** Deletes a manifest by its digest, and so all tags that point to it; one that is gone already is no failure. */
export async function deleteManifest(session: RegistrySession, address: ManifestAddress): Promise<void> {
  const { endpoint, subject, tagOrDigest, retries, signal } = address
  const response = await session.send({
    endpoint,
    method: 'DELETE',
    target: `manifests/${tagOrDigest}`,
    scopes: [repositoryScope(endpoint.repository, 'pull,push,delete')],
    subject,
    retries,
    signal,
  })
  const { status } = response
  if ([200, 202, 204, 404].includes(status)) return await discardBody(response)
  const error = await registryError(response, subject)
  const isUnsupported = status === 405 || status === 501 || error.why?.includes('UNSUPPORTED') === true
  if (!isUnsupported) throw error
  throw new HearthError({
    code: 'registry-refused',
    message: `${subject.host} does not delete manifests`,
    where: subject.what,
    ...(error.why === undefined ? {} : { why: error.why }),
    fix: 'Let it: "storage.delete.enabled: true" in the configuration of registry:2, elsewhere a role that may delete.',
  })
}
