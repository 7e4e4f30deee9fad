import { existsSync } from 'node:fs'
import { debianLayoutPath, makeDebianLayout } from './debian-base.ts'
import { buildDist, distIsStale } from './dist.ts'
import { installPackages, missingPackages, testPackages } from './packages.ts'

/** Prepares the machine for the tests; does nothing, quickly, when all is there. */
async function setUp(): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error('The tests build and run containers and make file systems: run them as root.')
  }
  const missing = missingPackages(testPackages)
  if (missing.length > 0) {
    say(`installing Debian packages: ${missing.join(' ')}`)
    installPackages(missing)
  }
  if (distIsStale()) {
    say('compiling')
    buildDist()
  }
  if (!existsSync(debianLayoutPath())) {
    say(`making a minimal Debian in ${debianLayoutPath()} (once, about a minute)`)
    await makeDebianLayout()
  }
}

function say(message: string): void {
  console.log(`set-up: ${message}`)
}

try {
  await setUp()
} catch (error) {
  console.error(`set-up failed: ${error instanceof Error ? error.message : error}`)
  process.exitCode = 1
}
