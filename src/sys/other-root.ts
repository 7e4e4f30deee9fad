import { closeSync, constants, openSync } from 'node:fs'
import { bind, checked } from './libc.ts'
import { changeRoot } from './mounts.ts'

const fchdirCall = bind<[descriptor: number]>('int fchdir(int fd)')

/**
 * Calls `work` while this process, all its threads included, has a directory for its root and working directory, and
 * comes back afterwards. A program that `work` starts stays there. Needs CAP_SYS_CHROOT, also at the end of `work`, which
 * must not wait for anything.
 */
export function withRoot<T>(root: string, work: () => T): T {
  const outside = openSync('/', constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    changeRoot(root)
    try {
      process.chdir('/')
      return work()
    } finally {
      checked('fchdir', fchdirCall(outside))
      changeRoot('.')
      process.chdir('/')
    }
  } finally {
    closeSync(outside)
  }
}
