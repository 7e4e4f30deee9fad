import { join } from 'node:path'
import { namespaceIsolation } from '../../../src/run/namespaces.ts'
import { isolationSuite } from '../../suites/isolation.suite.ts'

isolationSuite({
  name: 'namespaces',
  make: () => namespaceIsolation(),
  walls: true,
  child: join(import.meta.dirname, 'children/run-script.ts'),
})
