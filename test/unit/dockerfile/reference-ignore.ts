/** Lines of an ignore file, matched the slow way and by nothing but the documented rules. */
export function naivelyIgnores(lines: readonly string[], path: string): boolean {
  return verdict(lines, path).ignored
}

interface Verdict {
  readonly ignored: boolean
  /** The lines that hold for the path, and so for everything in it. */
  readonly holding: ReadonlySet<number>
}

/**
 * The last line that matches a path, or a directory above it, decides. As in BuildKit, a line is tried only where it can
 * change the answer so far: "!a" does not hold for what is in a directory "a" that nothing has ignored.
 */
function verdict(lines: readonly string[], path: string): Verdict {
  const slash = path.lastIndexOf('/')
  const above: Verdict = slash < 0 ? { ignored: false, holding: new Set() } : verdict(lines, path.slice(0, slash))
  const holding = new Set<number>()
  let ignored = false
  for (const [i, line] of lines.entries()) {
    const isException = line.startsWith('!')
    const changes = isException === ignored
    const holds = above.holding.has(i) || (changes && matches(isException ? line.slice(1) : line, path))
    if (!holds) continue
    holding.add(i)
    ignored = !isException
  }
  return { ignored, holding }
}

function matches(pattern: string, path: string): boolean {
  // "**" with nothing else that is special also matches the end of a name.
  if (/^\*\*[^*?]+$/.test(pattern) && path.endsWith(pattern.slice(2))) return true
  return matchesFrom(pattern, path)
}

/** "**" stands for any number of directories, at the end for anything; "*" and "?" match no slash. */
function matchesFrom(pattern: string, path: string): boolean {
  if (pattern === '') return path === ''
  if (pattern.startsWith('**')) {
    const rest = pattern.slice(pattern[2] === '/' ? 3 : 2)
    if (rest === '') return true
    const starts = [0, ...[...path].flatMap((char, i) => (char === '/' ? [i + 1] : []))]
    return starts.some((start) => matchesFrom(rest, path.slice(start)))
  }
  const isName = path !== '' && path[0] !== '/'
  if (pattern[0] === '*') return matchesFrom(pattern.slice(1), path) || (isName && matchesFrom(pattern, path.slice(1)))
  if (pattern[0] === '?') return isName && matchesFrom(pattern.slice(1), path.slice(1))
  return path !== '' && path[0] === pattern[0] && matchesFrom(pattern.slice(1), path.slice(1))
}
