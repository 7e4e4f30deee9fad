import { HearthError, messageOf } from '../errors.ts'
import type { FinishedImage } from '../image/image.ts'

export interface WriteOptions {
  readonly signal?: AbortSignal
}

/** Somewhere an image can go: a registry's repository, an OCI layout, a docker archive. */
export interface Output {
  /** What messages call it. */
  readonly title: string
  /** Returns once the image is complete there; until then nobody sees a part of it. */
  write(image: FinishedImage, options?: WriteOptions): Promise<void>
}

/**
 * Writes an image to all outputs at once. One that fails does not stop the others; when all have come to an end, the
 * first failure is thrown.
 */
export async function writeOutputs(
  image: FinishedImage,
  outputs: readonly Output[],
  options: WriteOptions = {},
): Promise<void> {
  const results = await Promise.allSettled(outputs.map((output) => output.write(image, options)))
  options.signal?.throwIfAborted()
  const failures = results.flatMap((result, i) => {
    return result.status === 'rejected' ? [{ title: outputs[i]?.title ?? '', error: result.reason as unknown }] : []
  })
  const [first, ...others] = failures
  if (first === undefined) return
  throw others.length === 0 ? first.error : several(first.error, others)
}

interface Failure {
  readonly title: string
  readonly error: unknown
}

function several(first: unknown, others: readonly Failure[]): unknown {
  if (!(first instanceof HearthError)) return first
  const also = others.map(({ title, error }) => `${title}: ${messageOf(error)}`).join('; ')
  const { code, message, where, why, fix } = first
  return new HearthError({
    code,
    message,
    where,
    why: `${why === undefined ? '' : `${why}; `}also failed: ${also}`,
    fix,
    cause: first,
  })
}
