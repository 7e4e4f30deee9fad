import assert from 'node:assert/strict'
import { cpSync, globSync, lutimesSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { type CachedBuildResult, CachedBuilds, type StepFate } from '../../support/cached-builds.ts'
import { makeContext } from '../../support/context.ts'
import { temporaryDirectory } from '../../support/temp.ts'
import { project as debian } from './cache-hits/debian.ts'
import { project as go } from './cache-hits/go.ts'
import { hitTable } from './cache-hits/hit-table.ts'
import { project as java } from './cache-hits/java.ts'
import { project as monorepo } from './cache-hits/monorepo.ts'
import { project as node } from './cache-hits/node.ts'
import { project as onbuild } from './cache-hits/onbuild.ts'
import { project as php } from './cache-hits/php.ts'
import type { Change, Project } from './cache-hits/project.ts'
import { project as python } from './cache-hits/python.ts'
import { project as rust } from './cache-hits/rust.ts'
import { project as staticSite } from './cache-hits/static-site.ts'

const rewrites = process.env.UPDATE_GOLDEN === '1'
const goldens = join(import.meta.dirname, '../../golden/cache-hits')
const projects = { debian, go, java, monorepo, node, onbuild, php, python, rust, 'static-site': staticSite }
const directory = temporaryDirectory({ after })
const builds = new CachedBuilds(directory)
after(() => builds.http[Symbol.asyncDispose]())

interface Built {
  readonly fates: readonly StepFate[]
  /** The same project built again right away. */
  readonly again: CachedBuildResult
  readonly digest: string
}

for (const [name, project] of Object.entries(projects)) {
  test(`what of the project ${name} the cache has after each change is what its hits.txt says`, async () => {
    const cacheDirectory = builds.newDirectory()
    const first = await builds.build({ context: await prepare(project), cacheDirectory })
    assert.ok(first.fates.every(({ outcome }) => outcome === 'made'))
    const columns: { readonly what: string; readonly fates: readonly StepFate[] }[] = []
    for (const change of project.changes) {
      const { fates, again, digest } = await buildChanged(project, change, cacheDirectory)
      assert.ok(
        again.fates.every(({ outcome }) => outcome !== 'made'),
        `${change.what}: built twice`,
      )
      assert.equal(again.digest, digest, change.what)
      columns.push({ what: change.what, fates })
    }
    const table = hitTable(columns)
    const golden = join(goldens, name, 'hits.txt')
    if (rewrites) writeFileSync(golden, table)
    assert.equal(table, readFileSync(golden, 'utf8'))
  })
}

async function buildChanged(project: Project, change: Change, cached: string): Promise<Built> {
  const cacheDirectory = join(builds.newDirectory(), 'cache')
  cpSync(cached, cacheDirectory, { recursive: true })
  const context = await prepare(project, change)
  const request = {
    context,
    cacheDirectory,
    ...(change.buildArgs === undefined ? {} : { buildArgs: change.buildArgs }),
  }
  const { fates, digest } = await builds.build(request)
  return { fates, digest, again: await builds.build(request) }
}

/** The project's context and base images after a change. */
async function prepare(project: Project, change: Change = { what: '' }): Promise<string> {
  for (const [name, { files, config }] of Object.entries({ ...project.bases, ...change.bases })) {
    await builds.addImage(name, files, config)
  }
  const kept = Object.entries({ ...project.files, ...change.files }).flatMap(([name, file]) =>
    file === undefined ? [] : [[name, file] as const],
  )
  const context = makeContext(directory, Object.fromEntries(kept))
  const paths = globSync('**/*', { cwd: context })
  for (const path of paths) lutimesSync(join(context, path), change.touches === true ? 2000 : 1000, 1_700_000_000)
  writeFileSync(join(context, 'Dockerfile'), changedText(project.dockerfile, change))
  return context
}

function changedText(dockerfile: string, { dockerfile: changes = [], what }: Change): string {
  return changes.reduce((text, [from, to]) => {
    assert.ok(text.includes(from), `${what}: "${from}" is not in the Dockerfile`)
    return text.replaceAll(from, to)
  }, dockerfile)
}
