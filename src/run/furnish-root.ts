import { chmodSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { resolveInRoot } from '../rootfs/resolve.ts'
import { openFifo } from '../sys/fifo.ts'
import type { Pipe } from '../sys/pipe.ts'
import { joinRaw, onDisk, rawPath } from '../tar/raw-path.ts'
import { makeDeviceDirectory } from './chroot-devices.ts'
import { hostsFile, hostsPath } from './hosts.ts'
import type { CommandScript, OutputStream } from './isolation.ts'
import type { LaunchOrder } from './launch-order.ts'
import { provideMountPoints } from './mount-points.ts'
import { placeStandIns, type StandIn } from './stand-ins.ts'
import { mountPointsFor } from './surroundings.ts'

export interface Furniture {
  /** Contents of files that the command sees in place of the root's own, by absolute path. */
  readonly files: LaunchOrder['files']
  readonly scripts: readonly CommandScript[]
}

export interface FurnishedRoot {
  /** What a stream of the command's output goes through; it is in /dev under the same name. To be called before the command. */
  openPipe(stream: OutputStream): Pipe
  /** Leaves the root as the command would without all this, but for the ctime of files that were out of its way. */
  clear(): Promise<void>
}

/**
 * Puts what a command finds around the image's files into the root itself, for where nothing can be mounted: a /dev, and
 * some files by their contents. /proc and /sys are there, and empty unless the image has something in them.
 */
export async function furnishRoot(root: string, { files, scripts }: Furniture): Promise<FurnishedRoot> {
  const removeMountPoints = provideMountPoints(root, mountPointsFor(files))
  try {
    const putBack = await placeStandIns(root, [
      { path: '/dev', make: (at) => makeDeviceDirectory(at, scripts) },
      ...Object.entries({ ...files, [hostsPath]: hostsFile(hostname()) }).map(fileOf),
    ])
    return {
      openPipe: (stream) => openFifo(placeOf(root, stream)),
      clear: () => putBack().finally(removeMountPoints),
    }
  } catch (error) {
    removeMountPoints()
    throw error
  }
}

function fileOf([path, content]: readonly [path: string, content: string]): StandIn {
  return {
    path,
    make: (at) => {
      writeFileSync(at, content)
      chmodSync(at, 0o644)
    },
  }
}

function placeOf(root: string, stream: OutputStream): Buffer {
  return onDisk(root, joinRaw(resolveInRoot(root, rawPath('/dev'), { followLast: true }), rawPath(stream)))
}
