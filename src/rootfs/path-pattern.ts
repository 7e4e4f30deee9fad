import { compileGlob, hasWildcard } from '../dockerfile/glob.ts'
import { type RawPath, rawPath } from '../tar/raw-path.ts'

/** A path in which parts may be patterns, as Go's filepath.Match has them. */
export interface PathPattern {
  /** As it was written, for messages. */
  readonly text: RawPath
  /** One for each part of the path. */
  readonly parts: readonly ((name: string) => boolean)[]
}

/** Paths of a root, written out or as patterns. */
export interface PathList {
  readonly paths: readonly RawPath[]
  readonly patterns: readonly PathPattern[]
}

/** Reads absolute paths, each of which may be a pattern. Throws HearthError "copy-source" for a pattern that is none. */
export function readPathList(texts: readonly string[]): PathList {
  const isPattern = (text: string): boolean => hasWildcard(text) || text.includes('\\')
  return {
    paths: texts.filter((text) => !isPattern(text)).map(rawPath),
    patterns: texts.filter(isPattern).map(pathPattern),
  }
}

/** How many parts of a path a pattern matches: all of its own, or as many as the path has; 0 for a path it does not. */
export function matchedParts({ parts }: PathPattern, names: readonly string[]): number {
  const both = Math.min(parts.length, names.length)
  for (let at = 0; at < both; at += 1) {
    if (parts[at]?.(textOf(names[at] ?? '')) !== true) return 0
  }
  return both
}

function pathPattern(text: string): PathPattern {
  return { text: rawPath(text), parts: text.split('/').filter(Boolean).map(compileGlob) }
}

/** Patterns are about characters, names are bytes. */
function textOf(name: string): string {
  return Buffer.from(name, 'latin1').toString('utf8')
}
