import { readFileSync } from 'node:fs'
import { systemCode } from '../errors.ts'

/** The text of a file of the machine; empty when there is none. */
export function textIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return ''
    throw error
  }
}
