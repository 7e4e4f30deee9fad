/**
 * Where the step of a cached layer stood, and what the identities in its record are called: kept beside the record and
 * not hashed into the key, so that a later miss can be explained.
 */
export type EntryAbout = {
  /** The Dockerfile's name, as messages call it. */
  readonly dockerfile: string
  /** "builder", or "stage 2" where it has no name. */
  readonly stage: string
  /** Among the steps of the stage that make layers, from 0. */
  readonly position: number
  readonly line: number
  /** Names of those variables of the record that an ARG gave. */
  readonly args: readonly string[]
  /** Identities of images and stages, and their titles: "debian:bookworm@sha256:…", "stage builder". */
  readonly names: { readonly [identity: string]: string }
}

/** Undefined where there is none, or one of another shape: it is only for people. */
export function parseAbout(value: unknown): EntryAbout | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { dockerfile, stage, position, line, args, names } = value as Readonly<Record<string, unknown>>
  if (typeof dockerfile !== 'string' || typeof stage !== 'string') return undefined
  if (typeof position !== 'number' || typeof line !== 'number') return undefined
  if (!Array.isArray(args) || !args.every((name) => typeof name === 'string')) return undefined
  if (typeof names !== 'object' || names === null) return undefined
  const titles = Object.entries(names).filter((pair): pair is [string, string] => typeof pair[1] === 'string')
  return { dockerfile, stage, position, line, args, names: Object.fromEntries(titles) }
}

/** What steps at the same place of a Dockerfile have in common; empty where it is not known. */
export function placeOf(instruction: string, about: EntryAbout | undefined): string {
  return about === undefined ? '' : `${about.stage} ${about.position} ${instruction}`
}
