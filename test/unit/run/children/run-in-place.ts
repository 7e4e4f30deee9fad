// Runs a shell script in the container's own root and prints what came of it, or the error:
// run-in-place.ts / <script> [<user id>]
import { HearthError } from '../../../../src/errors.ts'
import { inPlaceIsolation } from '../../../../src/run/in-place.ts'
import type { ChildReport } from '../../../suites/isolation-bench.ts'

const [root = '', script = '', id = '0'] = process.argv.slice(2)
const count = { lines: 0, characters: 0 }

async function report(): Promise<ChildReport> {
  const user = { uid: Number(id), gid: Number(id), groups: [Number(id)], home: '/root' }
  const env = { PATH: '/bin:/kaniko/bin' }
  const command = { root, argv: ['busybox', 'sh', '-c', script], env, user, workdir: '/' }
  const onLine = (_: string, line: string): void => {
    count.lines += 1
    count.characters += line.length
  }
  const outcome = await inPlaceIsolation({ ownDirectory: '/kaniko' }).run(command, { onLine })
  return { outcome, ...count, maxRSS: process.resourceUsage().maxRSS }
}

try {
  console.log(JSON.stringify(await report()))
} catch (error) {
  if (!(error instanceof HearthError)) throw error
  const { code, message, why, fix } = error
  console.log(JSON.stringify({ error: { code, message, why, fix } }))
}
