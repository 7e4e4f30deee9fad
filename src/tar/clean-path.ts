import { BadHeader } from './header.ts'
import type { RawPath } from './raw-path.ts'

/** Linux takes no longer path at once, and nothing below a root could be reached by one. */
const maxPathBytes = 4096
const maxDepth = 1024

/**
 * The path an archive's name stands for, below the archive's root: "./a//b/" is "a/b", and ".." takes back the part
 * before it. Throws BadHeader when it leads out of the root, or is longer than any system call would take.
 */
export function cleanPath(stated: string): RawPath {
  // The two forms that nearly all archives have: "./a/b", and a slash at the end of a directory.
  const name = stated.slice(stated.startsWith('./') ? 2 : 0, stated.endsWith('/') ? -1 : undefined)
  if (isClean(name)) return name as RawPath
  const path = cleaned(name, () => {
    throw new BadHeader('its name leads out of the root with ".."')
  })
  checkLength(path)
  return path
}

/** The same for the name a hard link points to, where ".." stops at the root. */
export function cleanTarget(name: string): RawPath {
  if (isClean(name)) return name as RawPath
  const path = cleaned(name, () => {})
  checkLength(path)
  return path
}

/** The usual name needs no work: short, relative, and no part is empty or made of dots. */
function isClean(name: string): boolean {
  return name.length < maxDepth && !/^$|^\/|\/$|\/\/|(?:^|\/)\.\.?(?:\/|$)|\0/.test(name)
}

function cleaned(name: string, onEscape: () => void): RawPath {
  if (name.includes('\0')) throw new BadHeader('its name holds a NUL byte')
  const parts: string[] = []
  for (const part of name.split('/')) {
    if (part === '' || part === '.') continue
    if (part !== '..') parts.push(part)
    else if (parts.pop() === undefined) onEscape()
  }
  return parts.join('/') as RawPath
}

function checkLength(path: RawPath): void {
  if (path.length >= maxPathBytes)
    throw new BadHeader(`its path has ${path.length} bytes, and ${maxPathBytes - 1} are the most`)
  const depth = path.split('/').length
  if (depth > maxDepth) throw new BadHeader(`its path is ${depth} directories deep, and ${maxDepth} are the most`)
}
