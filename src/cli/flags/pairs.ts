/** Splits at the first "="; undefined when there is none. */
export function splitPair(text: string): readonly [key: string, value: string] | undefined {
  const at = text.indexOf('=')
  return at < 0 ? undefined : [text.slice(0, at), text.slice(at + 1)]
}

/** "k=v[;k=v…]": values of one key add up in the order given. Throws a plain error that names the bad part. */
export function parseMultiMap(texts: readonly string[]): ReadonlyMap<string, readonly string[]> {
  const map = new Map<string, string[]>()
  for (const part of texts.flatMap((text) => text.split(';'))) {
    const pair = splitPair(part)
    if (pair === undefined || pair[0] === '' || pair[1] === '') {
      throw new Error(`invalid argument value. expect key=value, got ${part}`)
    }
    map.set(pair[0], [...(map.get(pair[0]) ?? []), pair[1]])
  }
  return map
}
