/** A directory, file or link of the image. Paths have no leading slash; everything belongs to root. */
export type ImageEntry =
  | { readonly kind: 'directory'; readonly path: string; readonly mode: number }
  | { readonly kind: 'file'; readonly path: string; readonly mode: number; readonly content: Uint8Array | string }
  | { readonly kind: 'link'; readonly path: string; readonly target: string }

/** A directory of the image that programs need to be there; their parents come by themselves. */
export function directory(path: string, mode = 0o755): ImageEntry {
  return { kind: 'directory', path, mode }
}

/** A file everybody can read. */
export function file(path: string, content: Uint8Array | string): ImageEntry {
  return { kind: 'file', path, mode: 0o644, content }
}

/** A file everybody can start. */
export function program(path: string, content: Uint8Array | string): ImageEntry {
  return { kind: 'file', path, mode: 0o755, content }
}

/** A symbolic link. */
export function link(path: string, target: string): ImageEntry {
  return { kind: 'link', path, target }
}
