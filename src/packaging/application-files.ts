import { posix } from 'node:path'

/** What of package-lock.json matters here: the directories of packages, and which are for development only. */
export interface PackageLock {
  readonly packages: Readonly<Record<string, { readonly dev?: boolean }>>
}

/** Directories of a package that its code never reads. */
const unread = new Set(['test', 'tests', '__tests__', 'doc', 'docs', 'example', 'examples', 'bench', 'benchmark'])

const codeExtensions = new Set(['.js', '.cjs', '.mjs', '.json', '.node'])

/** The programs that make the image are not part of it. */
const packagingFiles = /^dist\/(?:src\/packaging\/|bin\/lay-out-image\.)/

/**
 * The files of a compiled checkout that the image takes: compiled code, the code of its packages, and licences. Paths are
 * relative to the checkout. Node itself comes in a package too, but has another place in the image.
 */
export function applicationFiles(paths: readonly string[], lock: PackageLock): readonly string[] {
  return paths.filter((path) => {
    if (path.startsWith('node_modules/')) return isPackageFile(path, lock)
    if (path.startsWith('dist/')) return path.endsWith('.js') && !packagingFiles.test(path)
    return path === 'package.json' || path === 'LICENSE'
  })
}

function isPackageFile(path: string, lock: PackageLock): boolean {
  const directory = packageDirectory(path)
  if (directory === undefined || lock.packages[directory] === undefined) return false
  if (lock.packages[directory].dev === true || directory.startsWith('node_modules/node-linux-')) return false
  const rest = path.slice(directory.length + 1)
  if (isLicence(rest)) return true
  return codeExtensions.has(posix.extname(rest)) && !unread.has(rest.split('/')[0] ?? '')
}

/** "node_modules/a/node_modules/@b/c" of a path below it. */
function packageDirectory(path: string): string | undefined {
  return /^(?:node_modules\/(?:@[^/]+\/)?[^@./][^/]*\/)*/.exec(path)?.[0]?.replace(/\/$/, '') || undefined
}

function isLicence(name: string): boolean {
  return /^(?:licen[cs]e|copying|notice)(?:[.-][\w.-]+)?$/i.test(name)
}
