import { systemCode } from '../errors.ts'

/** How the kernel says that something may not be done here, which in user namespaces goes for many things. */
export const refusals: readonly string[] = ['EPERM', 'EACCES', 'EINVAL']

/** Goes a second way where the kernel refuses the first. */
export function orWhereRefused(work: () => void, otherwise: () => void): void {
  try {
    work()
  } catch (error) {
    if (!refusals.includes(systemCode(error) ?? '')) throw error
    otherwise()
  }
}

/** Kernels differ in what they have. */
export function whereItExists(work: () => void): void {
  try {
    work()
  } catch (error) {
    if (!['ENOENT', 'ENODEV'].includes(systemCode(error) ?? '')) throw error
  }
}
