import { systemCode } from '../errors.ts'
import { restrictMount } from '../sys/mount-attributes.ts'
import { bindMount, changeRoot, mount, pivotRoot, unmount } from '../sys/mounts.ts'
import { unshare } from '../sys/namespaces.ts'

/**
 * How the old root was left: taken away, or only covered. From a covered one a process that may call chroot can find the
 * way back, if the executor itself is in a chroot.
 */
export type OldRoot = 'gone' | 'covered'

/**
 * Makes a directory the root of a new mount namespace, from which nothing outside can be reached. Device files in it do
 * not open: a command may make them, but gets no disk of the machine through them. `beforeLeaving` can still take what is
 * in the old root.
 */
export function enterRoot(root: string, beforeLeaving: () => void): OldRoot {
  unshare(['mount'])
  mount({ source: 'none', target: '/', flags: ['recursive', 'private'] })
  bindMount(root, root)
  restrictMount(root, ['noDev'])
  beforeLeaving()
  process.chdir(root)
  const replaced = replaceRoot()
  // After the replacement the old root lies on top of the new one.
  if (replaced) unmount('.', { detach: true })
  else coverRoot()
  process.chdir('/')
  return replaced ? 'gone' : 'covered'
}

/** False where that cannot be done: seccomp filters forbid it to containers, and a ramdisk as root stays. */
function replaceRoot(): boolean {
  try {
    pivotRoot('.', '.')
    return true
  } catch (error) {
    if (!['EINVAL', 'EPERM', 'ENOSYS'].includes(systemCode(error) ?? '')) throw error
    return false
  }
}

function coverRoot(): void {
  mount({ source: '.', target: '/', flags: ['move'] })
  changeRoot('.')
}
