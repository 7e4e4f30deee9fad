import type { PrunePolicy } from '../../../cache/prune-plan.ts'
import { pruneRepository, type RepositoryPruneOutcome } from '../../../cache/prune-repository.ts'
import { parseRepository, repositoryName } from '../../oci/reference.ts'
import { readEnvironment } from '../environment.ts'
import type { Flag } from '../flags/flag.ts'
import { readRegistryFlags, registryFlags } from '../flags/registry-flags.ts'
import { wrongUsage } from '../flags/usage.ts'
import { naming } from '../read-values.ts'
import { openRegistryAccess } from '../registry-access.ts'
import type { SubcommandCall } from '../subcommand.ts'
import { isJson } from './cache-flags.ts'
import { shortTitle } from './readable.ts'
import { table } from './table.ts'

const accessNames: ReadonlySet<string> = new Set([
  'insecure',
  'insecure-registry',
  'skip-tls-verify',
  'skip-tls-verify-registry',
  'registry-certificate',
  'registry-client-cert',
  'credential-helpers',
  'push-retry',
])
const accessFlags = registryFlags.filter(({ name }) => accessNames.has(name))

/** Flags of a command that can be about a cache repository instead of a directory. */
export const repositoryFlags: readonly Flag[] = [
  {
    name: 'cache-repo',
    kind: 'text',
    default: '',
    description: 'Prune this repository of a registry instead of a directory',
    group: 'Cache',
  },
  ...accessFlags,
]

/** Flags that say nothing about a repository, and why. */
const unknowable = {
  'max-size': 'a registry does not say how much room its layers take',
  'unused-since': 'a registry does not say when a layer was used; use --max-age',
  kind: 'a repository keeps layers only',
}

/** Whether a call is about a repository; throws a usage error for flags that do not fit that. */
export function isAboutRepository({ values }: SubcommandCall): boolean {
  if (!values.isGiven('cache-repo')) {
    const stray = accessFlags.find(({ name }) => values.isGiven(name))
    if (stray !== undefined) throw wrongUsage(`--${stray.name} has no effect without --cache-repo`)
    return false
  }
  if (values.isGiven('cache-dir')) throw wrongUsage('--cache-repo and --cache-dir cannot be used together')
  for (const [flag, why] of Object.entries(unknowable)) {
    if (values.isGiven(flag)) throw wrongUsage(`--${flag} does not go with --cache-repo: ${why}`)
  }
  if (!values.boolean('all') && !['max-age', 'reference'].some((flag) => values.isGiven(flag))) {
    throw wrongUsage(
      'A repository has no leftovers: "prune --cache-repo" needs a selection',
      'Give --max-age, --reference or --all.',
    )
  }
  return true
}

/** "cache prune --cache-repo". */
export async function runPruneRepository(call: SubcommandCall, policy: PrunePolicy): Promise<void> {
  const { values, log, program } = call
  const repository = repositoryOf(values.text('cache-repo'))
  const flags = readRegistryFlags(values, program.env)
  const environment = readEnvironment(program.env, program.cwd)
  const retries = { pull: values.integer('push-retry'), push: values.integer('push-retry') }
  await using registries = await openRegistryAccess({ flags, environment, retries, log })
  const dryRun = values.boolean('dry-run')
  const outcome = await pruneRepository({
    client: registries.push,
    repository,
    policy,
    dryRun,
    signal: program.signal,
  })
  const name = repositoryName(repository)
  program.stdout.write(isJson(call) ? repositoryJson(name, outcome, dryRun) : repositoryText(outcome, dryRun))
}

function repositoryOf(text: string): ReturnType<typeof parseRepository> {
  if (text.startsWith('oci:')) {
    throw wrongUsage(`--cache-repo: ${text} is an OCI layout, which is not pruned`, 'Delete it as a directory.')
  }
  return naming('--cache-repo', () => parseRepository(text))
}

const reasons: Readonly<Record<string, string>> = { age: 'too old', chosen: 'chosen' }

function repositoryText({ removals, inUse, damaged }: RepositoryPruneOutcome, dryRun: boolean): string {
  const gone = new Set(removals.map(({ item }) => item.name))
  const rows = [
    ...removals.map(({ item, why }) => [item.name.slice(0, 12), reasons[why] ?? why, shortTitle(item.title)]),
    ...inUse.map(({ name, title }) => [name.slice(0, 12), 'tagged otherwise, stays', shortTitle(title)]),
    ...damaged.filter(({ key }) => !gone.has(key)).map(({ key, why }) => [key.slice(0, 12), 'damaged, stays', why]),
  ]
  const headings = [{ heading: 'KEY' }, { heading: 'WHY' }, { heading: 'TITLE' }]
  const count = `${removals.length} item${removals.length === 1 ? '' : 's'}`
  const removed = dryRun ? 'Would be removed' : 'Removed'
  return `${rows.length === 0 ? '' : table(headings, rows)}${removed}: ${count}; the registry's garbage collection frees the room\n`
}

function repositoryJson(repository: string, outcome: RepositoryPruneOutcome, dryRun: boolean): string {
  const document = {
    version: 1,
    repository,
    dryRun,
    removed: outcome.removals.map(({ item: { kind, name, title }, why }) => ({ kind, name, title, why })),
    inUse: outcome.inUse.map(({ kind, name, title }) => ({ kind, name, title })),
    damaged: outcome.damaged.map(({ key, why }) => ({ kind: 'layer', name: key, why })),
  }
  return `${JSON.stringify(document, undefined, 2)}\n`
}
