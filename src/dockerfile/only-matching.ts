import type { IgnoreMatcher } from './ignore.ts'
import { compileIgnorePattern, type IgnorePattern } from './ignore-pattern.ts'

/**
 * Takes nothing of a tree but what a pattern matches, with all that is in it: everything else counts as ignored. The
 * pattern is clean, and has the rules of ignore files but no "!"; an empty one takes all. Undefined for a malformed one.
 */
export function onlyMatching(pattern: string): IgnoreMatcher | undefined {
  if (pattern === '') return { ignores: () => false, prunes: () => false, hasExceptions: false }
  const compiled = compileIgnorePattern(pattern.startsWith('!') ? `\\${pattern}` : pattern)
  if (compiled === undefined) return undefined
  return {
    ignores: (path) => !takes(compiled, path),
    prunes: (directory) => !takes(compiled, directory) && !compiled.canMatchBelow(directory),
    hasExceptions: false,
  }
}

/** Whether the pattern matches a path or a directory above it. */
function takes(pattern: IgnorePattern, path: string): boolean {
  for (let end = path.indexOf('/'); end >= 0; end = path.indexOf('/', end + 1)) {
    if (pattern.matches(path.slice(0, end))) return true
  }
  return pattern.matches(path)
}
