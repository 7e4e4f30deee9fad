import assert from 'node:assert/strict'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { runExecutor } from '../../../src/cli/executor.ts'
import { noInput } from '../../support/no-input.ts'

const cases = globSync('*/Dockerfile', { cwd: import.meta.dirname })
  .map(dirname)
  .sort()

test('there are golden reports', () => assert.ok(cases.length >= 9))

for (const name of cases) {
  test(`what "lint" prints about ${name} is in its report.txt`, async () => {
    const directory = join(import.meta.dirname, name)
    const golden = join(directory, 'report.txt')
    const report = await lintIn(directory)
    if (process.env.UPDATE_GOLDEN === '1') writeFileSync(golden, report)
    assert.equal(report, readFileSync(golden, 'utf8'))
  })
}

/** Standard output, standard error and the exit code. */
async function lintIn(cwd: string): Promise<string> {
  const out: string[] = []
  const sink = { write: (text: string) => void out.push(text) }
  const argv = ['lint', '--custom-platform', 'linux/amd64', '--log-format', 'text']
  const { signal } = new AbortController()
  const code = await runExecutor({ command: [], argv, env: {}, cwd, stdin: noInput, stdout: sink, stderr: sink, signal })
  return `${out.join('')}EXIT ${code}\n`
}
