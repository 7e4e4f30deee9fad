#!/usr/bin/env node
import { leaveOldNode } from './pinned-node.ts'

await leaveOldNode()
const [{ runProgram }, { runExecutor }] = await Promise.all([
  import('./run-program.ts'),
  import('../src/cli/executor.ts'),
])
await runProgram(runExecutor)
