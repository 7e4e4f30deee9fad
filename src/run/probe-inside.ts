// Tries in a user namespace, as a program of its own, whether commands can be run there in the directory that is its
// input. Prints what it found as JSON.
import { readFileSync } from 'node:fs'
import { probeNamespaces } from './probe.ts'

process.stdout.write(JSON.stringify(await probeNamespaces(readFileSync(0, 'utf8'))))
