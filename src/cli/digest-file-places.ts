import { resolve } from 'node:path'
import { isWebAddress } from '../dockerfile/web-address.ts'
import type { DigestFiles } from '../output/digest-files.ts'

/** Files that are named, where they are from the working directory; web addresses stay. Those not named are left out. */
export function digestFilePlaces(
  named: { readonly [name in keyof DigestFiles]-?: string | undefined },
  cwd: string,
): DigestFiles {
  const given = Object.entries(named).flatMap(([name, path]) => {
    return path === undefined ? [] : [[name, isWebAddress(path) ? path : resolve(cwd, path)] as const]
  })
  return Object.fromEntries(given)
}
