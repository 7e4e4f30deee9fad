// Builds everywhere hearth may run, and tells what came of it: a table on standard output, and with UPDATE_README=1 in
// README.md. Arguments: a JSON file that keeps all outcomes, and a part of the titles of the environments to build in;
// rows of the others are taken from the file. Ends with 1 when something came out unlike expected.
import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectImagesLayout } from '../support/kube-images.ts'
import { removeDirectory } from '../support/temp.ts'
import { matrixBuilds } from './builds.ts'
import { containerEnvironments } from './container-environments.ts'
import type { Environment } from './environments.ts'
import { gvisorEnvironments } from './gvisor-environments.ts'
import { updateReadme } from './readme.ts'
import { runMatrix } from './run-matrix.ts'
import { type MatrixRow, matrixTable, referenceDigests, unlikeExpected } from './table.ts'
import { machineEnvironments, rootlessEnvironments } from './user-environments.ts'

const [file, part = ''] = process.argv.slice(2)
const directory = mkdtempSync(join(tmpdir(), 'hearth-matrix-'))
try {
  const environments = await openEnvironments()
  const known = new Map(earlierRows().map((row) => [row.environment, row]))
  const rows = (): readonly MatrixRow[] => environments.flatMap(({ title }) => known.get(title) ?? [])
  await runMatrix({
    directory,
    environments: environments.filter(({ title }) => title.includes(part)),
    builds: Object.values(matrixBuilds),
    onOutcome: ({ title }, build, { result, tier = '-', digest = '', seconds, message = '', output = '' }) => {
      const line = [title, build.title, result, tier, digest.slice(0, 19), `${seconds} s`, message].join(' | ')
      process.stderr.write(`${line}\n${output}`)
    },
    onRow: (row) => {
      known.set(row.environment, row)
      if (file !== undefined) writeFileSync(file, `${JSON.stringify({ rows: rows() }, undefined, 2)}\n`)
    },
  })
  const table = matrixTable(rows(), referenceDigests(rows()))
  process.stdout.write(`${table}\n`)
  if (process.env.UPDATE_README === '1') updateReadme(table)
  if (unlikeExpected(rows())) process.exitCode = 1
} finally {
  removeDirectory(directory)
}

async function openEnvironments(): Promise<readonly Environment[]> {
  const executor = { layout: await projectImagesLayout(), name: 'executor' }
  return [
    ...machineEnvironments(directory),
    ...(await containerEnvironments(directory, executor)),
    ...(await rootlessEnvironments(directory, executor)),
    ...(await gvisorEnvironments(directory, executor)),
  ]
}

function earlierRows(): readonly MatrixRow[] {
  if (file === undefined || part === '' || !existsSync(file)) return []
  return (JSON.parse(readFileSync(file, 'utf8')) as { readonly rows: readonly MatrixRow[] }).rows
}
