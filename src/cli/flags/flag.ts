/**
 * Text flags hold their last value, a list every value given; neither is ever split at commas. Durations are Go's ("6h30m").
 * Sizes are bytes, with or without a unit ("10GiB").
 */
export type FlagKind = 'boolean' | 'text' | 'integer' | 'duration' | 'size' | 'list'

/** One flag of a command: what its parser, its --help and its README table are made from. */
export interface Flag {
  /** Without the dashes. */
  readonly name: string
  /** One letter. */
  readonly alias?: string
  readonly kind: FlagKind
  /** As it would be written on the command line. A boolean's is "false" unless said otherwise. */
  readonly default?: string
  /** The only values a text flag takes. */
  readonly choices?: readonly string[]
  readonly description: string
  /** Heading it stands under. */
  readonly group: string
  /** An environment variable that overrides it or adds to it. */
  readonly env?: string
  readonly fate?: Fate
}

/** Why a flag is not in the help. */
export type Fate =
  /** An older spelling of another flag: taken for it, with a warning. */
  | { readonly kind: 'deprecated'; readonly use: string }
  /** Accepted and without effect, because nothing here works that way. */
  | { readonly kind: 'no-op'; readonly because: string }
  /** Refused, except with the value that asks for nothing. */
  | { readonly kind: 'unsupported'; readonly instead?: string }

/** "-d, --destination", as messages name a flag. */
export function flagLabel(flag: Flag): string {
  return flag.alias === undefined ? `--${flag.name}` : `-${flag.alias}, --${flag.name}`
}
