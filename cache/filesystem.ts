import { statfsSync } from 'node:fs'

// Types of filesystems whose locks several hosts share, or that somebody else implements: NFS, SMB, CIFS, SMB2, Ceph,
// FUSE, 9p, AFS, Coda, Lustre, GPFS, OCFS2, GFS2, vboxsf.
const networkTypes: ReadonlySet<number> = new Set([
  0x6969, 0x517b, 0xff534d42, 0xfe534d42, 0x00c36400, 0x65735546, 0x01021997, 0x5346414f, 0x73757245, 0x0bd00bd0,
  0x47504653, 0x7461636f, 0x01161970, 0x786f4256,
])

/** Whether SQLite may be shared there: only on a filesystem of this machine, whose locks can be relied on. */
export function hasReliableLocks(directory: string): boolean {
  return !isNetworkType(statfsSync(directory).type)
}

/** Some kernels hand the type on as a signed number. */
export function isNetworkType(type: number): boolean {
  return networkTypes.has(type >>> 0)
}
