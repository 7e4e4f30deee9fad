import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { systemCode } from '../errors.ts'

/** The version in the nearest package.json above this file, which is at another height once compiled. */
export function version(): string {
  for (let directory = import.meta.dirname; ; directory = dirname(directory)) {
    const text = readIfThere(join(directory, 'package.json'))
    if (text !== undefined) return String((JSON.parse(text) as { version?: unknown }).version)
    if (directory === dirname(directory)) return 'unknown'
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined
    throw error
  }
}
