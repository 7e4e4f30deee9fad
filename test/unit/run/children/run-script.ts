// Runs a shell script in a root and prints what came of it as JSON, or the error: run-script.ts <root> <script>
import { HearthError } from '../../../../src/errors.ts'
import { namespaceIsolation } from '../../../../src/run/namespaces.ts'
import type { ChildReport } from '../../../suites/isolation-bench.ts'

const [root = '', script = ''] = process.argv.slice(2)
const count = { lines: 0, characters: 0 }

async function report(): Promise<ChildReport> {
  const user = { uid: 0, gid: 0, groups: [0], home: '/root' }
  const command = { root, argv: ['sh', '-c', script], env: { PATH: '/bin' }, user, workdir: '/' }
  const onLine = (_: string, line: string): void => {
    count.lines += 1
    count.characters += line.length
  }
  const outcome = await namespaceIsolation().run(command, { onLine })
  return { outcome, ...count, maxRSS: process.resourceUsage().maxRSS }
}

try {
  console.log(JSON.stringify(await report()))
} catch (error) {
  if (!(error instanceof HearthError)) throw error
  const { code, message, why, fix } = error
  console.log(JSON.stringify({ error: { code, message, why, fix } }))
}
