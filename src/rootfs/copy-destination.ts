import { resolve } from 'node:path/posix'
import { type RawPath, rawPath } from '../tar/raw-path.ts'

/** Where a COPY or ADD goes. */
export interface Destination {
  readonly path: RawPath
  /** The text asks for a directory: it ends in "/", "." or "..", or is empty. */
  readonly isDirectory: boolean
}

/** Reads a destination as written in a Dockerfile; ".." stops at the root. */
export function parseDestination(text: string, workdir: string): Destination {
  const path = rawPath(resolve('/', workdir, text))
  return { path, isDirectory: path === '' || /(?:^|\/)\.{0,2}$/.test(text) }
}
