import { bind, checked } from './libc.ts'

const getrlimitCall = bind<[resource: number, limit: Uint8Array]>('int getrlimit(int resource, void *limit)')
const setrlimitCall = bind<[resource: number, limit: Uint8Array]>('int setrlimit(int resource, const void *limit)')
const openFiles = 7

/** Limits how many files this process and its children can have open. They can raise it again up to the hard limit. */
export function limitOpenFiles(soft: bigint): void {
  const limit = new BigUint64Array(2)
  const bytes = new Uint8Array(limit.buffer)
  checked('getrlimit', getrlimitCall(openFiles, bytes), 'open files')
  const hard = limit[1] ?? 0n
  limit[0] = soft < hard ? soft : hard
  checked('setrlimit', setrlimitCall(openFiles, bytes), 'open files')
}
