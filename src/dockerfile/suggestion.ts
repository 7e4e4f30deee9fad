import { nearest } from '../nearest.ts'

/** "Did you mean COPY?", or undefined when no known name is near. */
export function suggestion(wrong: string, known: readonly string[]): string | undefined {
  const meant = wrong.length > 40 ? undefined : nearest(wrong, known)
  return meant === undefined ? undefined : `Did you mean ${meant}?`
}
