// Starts a program again in a user namespace, as bin/executor.ts does with itself: enter-user-namespace.ts <program> <arg>...
import { HearthError } from '../../../../src/errors.ts'
import { restartInUserNamespace } from '../../../../src/run/user-namespace.ts'

try {
  process.exitCode = await restartInUserNamespace({ argv: process.argv.slice(2), env: process.env })
} catch (error) {
  if (!(error instanceof HearthError)) throw error
  console.error(`${error.code}: ${error.message}: ${error.why}`)
  process.exitCode = 99
}
