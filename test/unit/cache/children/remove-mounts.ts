// Removes all cache mounts again and again, or once and says what came of it: remove-mounts.ts <cache directory> [once]
import { setTimeout as sleep } from 'node:timers/promises'
import { listMounts } from '../../../../cache/mount-items.ts'
import { HearthError } from '../../../../src/errors.ts'

const [cache = '', once] = process.argv.slice(2)
console.log('removing')
do {
  for (const item of await listMounts(cache)) {
    const removed = await item.remove().catch(whyNot)
    if (once !== undefined) console.log(removed)
  }
  await sleep(1)
} while (once === undefined)

function whyNot(error: unknown): string {
  if (error instanceof HearthError) return error.code
  throw error
}
