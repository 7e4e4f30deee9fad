import { HearthError } from '../../src/errors.ts'
import type { Isolation } from '../../src/run/isolation.ts'
import type { ChildReport } from './isolation-bench.ts'

/** Runs the shell script that is the program's second argument in the root that is the first; prints what came of it. */
export async function runChild(isolation: Isolation): Promise<void> {
  const [root = '', script = ''] = process.argv.slice(2)
  const user = { uid: 0, gid: 0, groups: [0], home: '/root' }
  const count = { lines: 0, characters: 0 }
  const command = { root, argv: ['sh', '-c', script], env: { PATH: '/bin' }, user, workdir: '/' }
  const onLine = (_: string, line: string): void => {
    count.lines += 1
    count.characters += line.length
  }
  try {
    const outcome = await isolation.run(command, { onLine })
    const report: ChildReport = { outcome, ...count, maxRSS: process.resourceUsage().maxRSS }
    console.log(JSON.stringify(report))
  } catch (error) {
    if (!(error instanceof HearthError)) throw error
    const { code, message, why, fix } = error
    console.log(JSON.stringify({ error: { code, message, why, fix } }))
  }
}
