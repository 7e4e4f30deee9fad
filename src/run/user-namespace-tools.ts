import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'

/** Programs that do with one thread what Node cannot, by how they are called. */
export interface NamespaceTools {
  readonly unshare: readonly string[]
  readonly nsenter: readonly string[]
  /** Waits for the end of its input, and copies it to its output. */
  readonly cat: readonly string[]
}

/** The static one in hearth's image. */
const ownBusybox = '/kaniko/bin/busybox'

/** Where machines have their programs. */
const usualPath = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/run/current-system/sw/bin'

/** The tools of hearth's own image, else of the machine; undefined where there are none. */
export function findNamespaceTools(path = usualPath): NamespaceTools | undefined {
  if (isProgram(ownBusybox)) return appletsOf(ownBusybox)
  const [unshare, nsenter, cat] = ['unshare', 'nsenter', 'cat'].map((name) => findProgram(name, path))
  if (unshare !== undefined && nsenter !== undefined && cat !== undefined) {
    return { unshare: [unshare], nsenter: [nsenter], cat: [cat] }
  }
  const busybox = findProgram('busybox', path)
  return busybox === undefined ? undefined : appletsOf(busybox)
}

/** Looks a program up in a PATH. */
export function findProgram(name: string, path = usualPath): string | undefined {
  const directories = path.split(':').filter((directory) => directory.startsWith('/'))
  return directories.map((directory) => join(directory, name)).find(isProgram)
}

function appletsOf(busybox: string): NamespaceTools {
  return { unshare: [busybox, 'unshare'], nsenter: [busybox, 'nsenter'], cat: [busybox, 'cat'] }
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
