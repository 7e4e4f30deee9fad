import { printable } from '../log.ts'

/**
 * A path below some root, as bytes: each character stands for one byte, so that names which are no UTF-8 survive. It has
 * no slash at either end and no empty part; '' is the root itself.
 */
export type RawPath = string & { readonly __brand: 'RawPath' }

/** The path a text names, in UTF-8; needless slashes go. */
export function rawPath(text: string): RawPath {
  return rawPathOf(Buffer.from(text, 'utf8'))
}

/** The path some bytes name; needless slashes go. */
export function rawPathOf(bytes: Uint8Array): RawPath {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
  return raw.split('/').filter(Boolean).join('/') as RawPath
}

export function joinRaw(directory: RawPath, name: RawPath): RawPath {
  if (directory === '' || name === '') return `${directory}${name}` as RawPath
  return `${directory}/${name}` as RawPath
}

/** The directory a path lies in; that of the root is the root. */
export function parentOf(path: RawPath): RawPath {
  return path.slice(0, Math.max(0, path.lastIndexOf('/'))) as RawPath
}

/** The last part of a path. */
export function baseName(path: RawPath): RawPath {
  return path.slice(path.lastIndexOf('/') + 1) as RawPath
}

/** The host's path of something below a root, as the fs functions take it. */
export function onDisk(root: string, path: RawPath): Buffer {
  const base = Buffer.from(root, 'utf8')
  return path === '' ? base : Buffer.concat([base, Buffer.from(`/${path}`, 'latin1')])
}

/** The path for people: absolute, with nothing in it that a terminal would obey. */
export function showPath(path: RawPath): string {
  return printable(`/${Buffer.from(path, 'latin1').toString('utf8')}`)
}
