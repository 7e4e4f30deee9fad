import { HearthError } from '../errors.ts'
import type { Descriptor } from '../oci/descriptor.ts'
import { splitDigest } from '../oci/digest.ts'
import type { Bytes } from './bytes.ts'
import { DigestingStream } from './digesting.ts'

/**
 * Passes a blob's bytes on and throws at the end unless size and digest are the descriptor's. It stops reading as soon
 * as one byte too many arrives. The consumer must not commit anything before the stream has ended cleanly.
 */
export async function* verify(source: Bytes, descriptor: Pick<Descriptor, 'digest' | 'size'>): Bytes {
  const digesting = new DigestingStream(splitDigest(descriptor.digest).algorithm)
  for await (const chunk of source) {
    digesting.update(chunk)
    if (digesting.size > descriptor.size)
      throw mismatch(descriptor, `it is longer than the promised ${descriptor.size} bytes`)
    yield chunk
  }
  if (digesting.size !== descriptor.size) {
    throw mismatch(descriptor, `it has ${digesting.size} bytes, not the promised ${descriptor.size}`)
  }
  const actual = digesting.digest()
  if (actual !== descriptor.digest) throw mismatch(descriptor, `its bytes hash to ${actual}`)
}

function mismatch(descriptor: Pick<Descriptor, 'digest' | 'size'>, why: string): HearthError {
  return new HearthError({
    code: 'integrity',
    message: `Blob ${descriptor.digest} is not what was promised`,
    why,
    fix: 'The stored copy is damaged: push the image again, or use another mirror or cache directory.',
  })
}
