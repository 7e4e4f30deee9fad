// Builds everywhere hearth may run, and tells what came of it: a table on standard output, all of it as JSON in the file
// named first, and with UPDATE_README=1 the table in README.md. Ends with 1 when something came out unlike expected.
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { projectImagesLayout } from '../support/kube-images.ts'
import { removeDirectory } from '../support/temp.ts'
import { matrixBuilds } from './builds.ts'
import { containerEnvironments } from './container-environments.ts'
import { gvisorEnvironments } from './gvisor-environments.ts'
import { updateReadme } from './readme.ts'
import { runMatrix } from './run-matrix.ts'
import { matrixTable, referenceDigests } from './table.ts'
import { machineEnvironments, rootlessEnvironments } from './user-environments.ts'

const [file, only = ''] = process.argv.slice(2)
const directory = mkdtempSync(join(tmpdir(), 'hearth-matrix-'))
try {
  const executor = { layout: await projectImagesLayout(), name: 'executor' }
  const all = [
    ...machineEnvironments(directory),
    ...(await containerEnvironments(directory, executor)),
    ...(await rootlessEnvironments(directory, executor)),
    ...(await gvisorEnvironments(directory, executor)),
  ]
  const environments = all.filter(({ title }) => title.includes(only))
  const rows = await runMatrix({
    ...{ directory, environments, builds: Object.values(matrixBuilds) },
    onOutcome: ({ title }, build, { result, tier = '-', digest = '', seconds, message = '', output = '' }) => {
      const line = [title, build.title, result, tier, digest.slice(0, 19), `${seconds} s`, message].join(' | ')
      process.stderr.write(`${line}\n${output}`)
    },
  })
  const reference = referenceDigests(rows)
  const table = matrixTable(rows, reference)
  process.stdout.write(`${table}\n`)
  if (file !== undefined) writeFileSync(file, `${JSON.stringify({ reference, rows }, undefined, 2)}\n`)
  if (process.env.UPDATE_README === '1') updateReadme(table)
  const outcomes = rows.flatMap(({ outcomes }) => Object.entries(outcomes))
  const unlike = outcomes.filter(([title, { result, digest }]) => {
    return result === 'failed' || (digest !== undefined && digest !== reference[title])
  })
  if (unlike.length > 0) process.exitCode = 1
} finally {
  removeDirectory(directory)
}
