import type { Excerpt } from '../errors.ts'
import type { Rule } from './rule.ts'

/** Something odd in a Dockerfile, and where. */
export interface Finding extends Excerpt {
  readonly rule: string
  readonly origin: Rule['origin']
  readonly message: string
}
