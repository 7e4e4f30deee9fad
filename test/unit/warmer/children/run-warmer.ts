import { runProgram } from '../../../../bin/run-program.ts'
import { runWarmer } from '../../../../src/cli/warmer.ts'

// The warmer without its start through an old Node, which only the compiled program can make.
await runProgram(runWarmer)
