import { formatReference, type Reference } from '../src/oci/reference.ts'
import type { RegistryClient } from '../src/registry/registry-client.ts'

/**
 * A client that asks a registry the same question once, also after a failure: platforms of one image then come from the
 * same index, even if its tag moves meanwhile, and cost no further request.
 */
export function askingOnce(client: RegistryClient): RegistryClient {
  const resolved = new Map<string, ReturnType<RegistryClient['resolve']>>()
  const manifests = new Map<string, ReturnType<RegistryClient['manifest']>>()
  return {
    ...client,
    resolve: (reference, options) => once(resolved, reference, () => client.resolve(reference, options)),
    manifest: (reference, options) => once(manifests, reference, () => client.manifest(reference, options)),
  }
}

function once<T>(answers: Map<string, Promise<T>>, reference: Reference, ask: () => Promise<T>): Promise<T> {
  const name = formatReference(reference)
  const answer = answers.get(name) ?? ask()
  answers.set(name, answer)
  return answer
}
