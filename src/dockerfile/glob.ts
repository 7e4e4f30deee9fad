import { HearthError } from '../errors.ts'
import { progressAfter, readPattern } from './path-pattern.ts'

/** Whether a path, or a part of one, is a pattern: has "*", "?" or "[" without a backslash in front. */
export function hasWildcard(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const char = text[at] as string
    if (char === '\\') at++
    else if ('*?['.includes(char)) return true
  }
  return false
}

/** Compiles one part of a path with the rules of Go's filepath.Match. Throws HearthError "copy-source". */
export function compileGlob(part: string): (name: string) => boolean {
  const pieces = readPattern(part, { doubleStar: false })
  if (pieces === undefined) throw malformedPattern(part)
  return (name) => progressAfter(pieces, name).has(pieces.length)
}

export function malformedPattern(pattern: string): HearthError {
  return new HearthError({
    code: 'copy-source',
    message: `"${pattern}" is not a valid pattern`,
    why: 'a "[" has no end or an empty range, or nothing follows a backslash',
    fix: 'Put a backslash before a character that is to stand for itself.',
  })
}
