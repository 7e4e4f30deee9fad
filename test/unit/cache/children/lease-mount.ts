// Leases a cache mount, says so, and has it until it is written to: lease-mount.ts <directory> <id> <sharing>
import { once } from 'node:events'
import { MountDirectories } from '../../../../cache/mount-directories.ts'
import type { CacheSharing } from '../../../../src/dockerfile/mount.ts'

const [directory = '', id = '', sharing = 'shared'] = process.argv.slice(2)
const lease = await new MountDirectories({ directory }).lease({
  ...{ id, target: `/${id}`, begins: undefined, mode: undefined, uid: undefined, gid: undefined },
  ...{ sharing: sharing as CacheSharing, fill: async () => {}, onWait: () => {} },
})
console.log('leased')
await once(process.stdin, 'data')
await lease.release()
process.exit(0)
