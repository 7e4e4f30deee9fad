import { HearthError } from '../errors.ts'
import type { LaunchReport } from './launch-order.ts'

/** The error for an option of RUN that cannot be had here; undefined when the failure is about something else. */
export function failedOption({ what, message }: LaunchReport & { readonly kind: 'failed' }): HearthError | undefined {
  if (what === 'mount') {
    return new HearthError({
      code: 'run-unavailable',
      message: 'A --mount of this RUN cannot be made',
      why: message,
      fix: 'A target in another mount has to exist there, unless that mount has rw. A file is mounted on a file.',
    })
  }
  if (what !== 'network') return undefined
  return new HearthError({
    code: 'run-unavailable',
    message: 'RUN --network=none cannot be had here: the network cannot be taken away from a command',
    why: message,
    fix: 'Run hearth with CAP_SYS_ADMIN and CAP_NET_ADMIN, where no seccomp profile forbids unshare, or leave the option out.',
  })
}
