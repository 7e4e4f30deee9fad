/** One way to log in that a registry offers in its WWW-Authenticate header. */
export interface Challenge {
  /** Lower case: "basic", "bearer". */
  readonly scheme: string
  /** Lower-case names. */
  readonly parameters: Readonly<Record<string, string>>
}

// A token68 or a parameter after a scheme; quoted values may hold commas and escaped quotes.
const piece =
  /\s*(?:,\s*)*(?:([!#$%&'*+.^_`|~\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))|([!#$%&'*+.^_`|~\w-]+)(?=[\s,]|$))/y

/** Reads a WWW-Authenticate header, which may hold several challenges. What cannot be read ends the list. */
export function parseChallenges(header: string): readonly Challenge[] {
  const found: { scheme: string; parameters: [string, string][] }[] = []
  const text = header.slice(0, 8192)
  piece.lastIndex = 0
  const reader = new RegExp(piece)
  for (let match = reader.exec(text); match !== null; match = reader.exec(text)) {
    const [, name, quoted, bare, scheme] = match
    if (scheme !== undefined) found.push({ scheme: scheme.toLowerCase(), parameters: [] })
    else if (name !== undefined)
      found.at(-1)?.parameters.push([name.toLowerCase(), quoted?.replace(/\\(.)/g, '$1') ?? bare ?? ''])
  }
  return found.map(({ scheme, parameters }) => ({ scheme, parameters: Object.fromEntries(parameters) }))
}

/** The challenge to answer: a token before a password. */
export function preferredChallenge(header: string | undefined): Challenge | undefined {
  const challenges = header === undefined ? [] : parseChallenges(header)
  return (
    challenges.find((c) => c.scheme === 'bearer' && c.parameters.realm !== undefined) ??
    challenges.find((c) => c.scheme === 'basic')
  )
}
