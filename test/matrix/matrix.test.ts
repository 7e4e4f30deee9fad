import assert from 'node:assert/strict'
import { test } from 'node:test'
import { projectImagesLayout } from '../support/kube-images.ts'
import { temporaryDirectory } from '../support/temp.ts'
import { type MatrixBuild, matrixBuilds } from './builds.ts'
import { containerEnvironments } from './container-environments.ts'
import type { Environment } from './environments.ts'
import { gvisorEnvironments } from './gvisor-environments.ts'
import { outcomeOf } from './outcome.ts'
import { readmeRows } from './readme.ts'
import { runMatrix } from './run-matrix.ts'
import { type MatrixRow, matrixTable, referenceDigests, unlikeExpected } from './table.ts'
import { machineEnvironments } from './user-environments.ts'

// A part of the matrix; "npm run matrix" makes the whole of it.

test("Docker's real profile and gVisor make the images that root makes on the machine", async (t) => {
  const directory = temporaryDirectory(t)
  const executor = { layout: await projectImagesLayout(), name: 'executor' }
  const environments = [
    ...machineEnvironments(directory),
    ...(await containerEnvironments(directory, executor)),
    ...(await gvisorEnvironments(directory, executor)),
  ]
  const [root, docker, gvisor] = ['root, no container', "Docker's capabilities and seccomp profile", 'gVisor, systrap']
  const { busybox, stages, copies, capabilities } = matrixBuilds
  const run = (titles: readonly string[], builds: readonly MatrixBuild[]): Promise<readonly MatrixRow[]> => {
    return runMatrix({ directory, builds, environments: titles.map((title) => titled(environments, title)) })
  }
  const rows = [...(await run([root!, docker!, gvisor!], [busybox, copies, capabilities]))]
  const ofStages = await run([root!, docker!], [stages])
  for (const { environment, outcomes } of [...rows, ...ofStages]) {
    for (const [title, { result, output }] of Object.entries(outcomes)) {
      assert.equal(result, 'built', `${environment}, ${title}: ${output}`)
    }
  }
  for (const matrix of [rows, ofStages]) assert.equal(unlikeExpected(matrix), false)
  const tiers = rows.map(({ outcomes }) => outcomes[busybox.title]?.tier)
  assert.deepEqual(tiers.slice(1), ['in-place', 'in-place'])
  for (const { title } of environments) {
    assert.ok(
      readmeRows().some((row) => row.startsWith(`| ${title} |`)),
      `README.md: ${title}`,
    )
  }
})

function titled(environments: readonly Environment[], title: string): Environment {
  const found = environments.find((environment) => environment.title === title)
  assert.ok(found !== undefined, title)
  return found
}

test('an image that is another one, an error and a failure show in the table', () => {
  const ran = { code: 1, signal: undefined, stdout: '', seconds: 1.24 }
  const says = { ...ran, stderr: 'error[permission]: no\n' }
  const row = (environment: string, outcome: MatrixRow['outcomes'][string]): MatrixRow => {
    return { environment, outcomes: { build: outcome } }
  }
  const built = { result: 'built', tier: 'in-place', seconds: 2 } as const
  const rows = [
    row('one', { ...built, digest: 'sha256:a' }),
    row('two', { ...built, digest: 'sha256:a' }),
    row('three', { ...built, digest: 'sha256:b' }),
    row('four', outcomeOf(says, '/nonexistent', 'permission')),
    row('five', outcomeOf(says, '/nonexistent', undefined)),
  ]
  assert.deepEqual([unlikeExpected(rows), unlikeExpected(rows.slice(0, 2))], [true, false])
  assert.equal(
    matrixTable(rows, referenceDigests(rows)),
    `| where | tier | build |
|---|---|---|
| one | \`in-place\` | same image, 2.0 s |
| two | \`in-place\` | same image, 2.0 s |
| three | \`in-place\` | **other** image, 2.0 s |
| four | none | error \`permission\` |
| five | none | **failed**, \`permission\` |`,
  )
})
