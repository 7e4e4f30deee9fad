import { bind, checked } from './libc.ts'

const setresuidCall = bind<[real: number, effective: number, saved: number]>(
  'int setresuid(uint32_t real, uint32_t effective, uint32_t saved)',
)
const setresgidCall = bind<[real: number, effective: number, saved: number]>(
  'int setresgid(uint32_t real, uint32_t effective, uint32_t saved)',
)

export interface Identity {
  readonly uid: number
  readonly gid: number
  /** Supplementary groups. */
  readonly groups: readonly number[]
}

/**
 * Calls `work` as another user; a program it starts can never come back to root. (The kernel makes the saved user id of a
 * new program the effective one; here it stays 0, which is the way back for this process.)
 */
export function asIdentity<T>({ uid, gid, groups }: Identity, work: () => T): T {
  process.setgroups?.([...groups])
  checked('setresgid', setresgidCall(gid, gid, gid), `group ${gid}`)
  checked('setresuid', setresuidCall(uid, uid, 0), `user ${uid}`)
  try {
    return work()
  } finally {
    checked('setresuid', setresuidCall(0, 0, 0), 'user 0')
    checked('setresgid', setresgidCall(0, 0, 0), 'group 0')
    process.setgroups?.([])
  }
}
