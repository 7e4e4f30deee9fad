/** Something that a command finds at a place of its own while it runs. */
export type CommandMount = { readonly target: string } & MountedThing

export type MountedThing =
  /** A file or directory that no write of the command may reach, unless it is the command's alone. */
  | { readonly kind: 'files'; readonly source: string; readonly readOnly: boolean }
  /** A directory that keeps what the command writes. */
  | { readonly kind: 'cache'; readonly source: string; readonly readOnly: boolean }
  | { readonly kind: 'socket'; readonly source: string }
  | {
      readonly kind: 'tmpfs'
      /** Bytes; undefined for as much as the machine lets it have. */
      readonly size: number | undefined
      readonly readOnly: boolean
    }
  /** A file that is only ever in memory. */
  | {
      readonly kind: 'secret'
      /** In base64. */
      readonly content: string
      readonly mode: number
      readonly uid: number
      readonly gid: number
    }

/** Those that others are mounted on come first; among equals the order stays. */
export function parentsFirst<T extends { readonly target: string }>(mounts: readonly T[]): readonly T[] {
  const depth = (mount: T): number => mount.target.split('/').length
  return mounts.toSorted((a, b) => depth(a) - depth(b))
}

/** Whether a mount lies in one of the others. */
export function isNested({ target }: CommandMount, mounts: readonly CommandMount[]): boolean {
  return mounts.some((other) => target.startsWith(`${other.target}/`))
}
