/** "repository:library/debian:pull": what a token allows. */
export type Scope = string

export function repositoryScope(repository: string, actions: 'pull' | 'pull,push' | 'pull,push,delete'): Scope {
  return `repository:${repository}:${actions}`
}

/** One list without repetitions: the actions on one thing come together, everything is sorted. */
export function mergeScopes(scopes: readonly Scope[]): readonly Scope[] {
  const actionsOf = new Map<string, Set<string>>()
  for (const scope of scopes.flatMap((text) => text.split(' ')).filter((text) => text !== '')) {
    const colon = scope.lastIndexOf(':')
    const [thing, actions] = colon < 0 ? [scope, ''] : [scope.slice(0, colon), scope.slice(colon + 1)]
    const known = actionsOf.get(thing) ?? new Set()
    for (const action of actions.split(',')) known.add(action)
    actionsOf.set(thing, known)
  }
  return [...actionsOf].map(([thing, actions]) => `${thing}:${[...actions].sort().join(',')}`).sort()
}
