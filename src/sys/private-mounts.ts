import { mount } from './mounts.ts'
import { unshare } from './namespaces.ts'

/**
 * Gives this process mounts that nobody else sees, and that end with it; what is mounted outside still arrives. Holds
 * for the calling thread and for all threads and programs it starts from now on. Asynchronous fs calls may be made by
 * older threads, for which a mount point is the empty directory below it. Needs CAP_SYS_ADMIN.
 */
export function makeMountsPrivate(): void {
  unshare(['mount'])
  mount({ source: 'none', target: '/', flags: ['recursive', 'slave'] })
}

/** A host path by which threads that do not share the mounts see what is mounted there all the same. */
export function seenByAllThreads(path: string): string {
  return `/proc/self/root${path}`
}
