// What is promised in a user namespace, to be started in one: user-namespace-suite.ts <busybox> [shared]
import { join } from 'node:path'
import { namespaceIsolation } from '../../../../src/run/namespaces.ts'
import { canConfineProcesses } from '../../../../src/sys/landlock.ts'
import { isolationSuite } from '../../../suites/isolation.suite.ts'

const [busybox = '', processes] = process.argv.slice(2)
const confined = canConfineProcesses()
const shared = processes === 'shared'

isolationSuite({
  name: 'userns',
  make: () => namespaceIsolation(),
  child: join(import.meta.dirname, 'run-script.ts'),
  walls: true,
  lacks: [
    'devices',
    ...(shared ? (['processes'] as const) : []),
    ...(shared && !confined ? (['barrier'] as const) : []),
  ],
  busybox,
})
