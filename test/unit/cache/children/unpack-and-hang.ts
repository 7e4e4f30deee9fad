import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { UnpackedTrees } from '../../../../cache/unpacked-trees.ts'
import type { DiffID } from '../../../../src/oci/digest.ts'
import { silentLog } from '../../../support/silent-log.ts'

/** Begins to unpack a base into a cache directory, says so, and never ends. */
const [, , directory = '', layer = '', when = ''] = process.argv
const trees = new UnpackedTrees({ directory, readOnly: false, devices: true, log: silentLog })
const hang = async (): Promise<void> => {
  process.stdout.write('ready\n')
  await sleep(600_000)
}
await trees.hold([layer as DiffID], {
  isUsable: () => true,
  unpack: async (root) => {
    writeFileSync(join(root, 'half'), 'half')
    if (when === 'unpacking') await hang()
  },
})
await trees.close()
await trees.hold([layer as DiffID], { isUsable: () => true, unpack: async () => {} })
await hang()
