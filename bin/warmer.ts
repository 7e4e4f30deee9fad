#!/usr/bin/env node
import { leaveOldNode } from './pinned-node.ts'

await leaveOldNode()
const [{ runProgram }, { runWarmer }] = await Promise.all([import('./run-program.ts'), import('../src/cli/warmer.ts')])
await runProgram(runWarmer)
