import { HearthError } from '../errors.ts'

/** What the image would be made of is not what this code knows how to adapt. */
export interface Refusal {
  readonly message: string
  /** The file. */
  readonly where: string
  readonly why?: string
  readonly fix: string
}

/** An error that ends the image's build: better there than in somebody's pipeline. */
export function refused(refusal: Refusal): HearthError {
  return new HearthError({ code: 'integrity', ...refusal })
}
