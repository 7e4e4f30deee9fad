import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { messageOf } from '../errors.ts'
import { nodePath } from './image-trees.ts'
import { libraryDirectory, loaderPath } from './private-paths.ts'
import { refused } from './refused.ts'

/** Loads what is machine code, then prints the files code in memory comes from. */
const script = (application: string): string => `
  const { createRequire } = require('node:module')
  const { readFileSync } = require('node:fs')
  const load = createRequire(${JSON.stringify(application)})
  load('koffi').load(null).func('int getpid()')()
  new (load('better-sqlite3'))(':memory:').close()
  for (const line of readFileSync('/proc/self/maps', 'utf8').split('\\n')) {
    const path = /\\s(\\/.*)$/.exec(line)?.[1]
    if (path !== undefined && line.includes('x')) console.log(path)
  }
`

/**
 * Starts the Node of a base tree where it lies, with the tree's loader and libraries, and has it load both addons and
 * answer for its version. Throws when that fails, or when it loads a file from anywhere else.
 */
export function tryOut(root: string): void {
  const run = (...args: readonly string[]): string => {
    const own = ['--inhibit-cache', '--library-path', join(root, libraryDirectory), join(root, nodePath)]
    return execFileSync(join(root, loaderPath), [...own, ...args], { encoding: 'utf8', env: {} })
  }
  try {
    const loaded = run('--eval', script(join(root, 'kaniko/app/package.json')))
      .trim()
      .split('\n')
    const foreign = loaded.filter((path) => !path.startsWith(`${root}/`))
    if (foreign.length > 0) throw new Error(`it loads ${[...new Set(foreign)].join(', ')}`)
    run(join(root, 'kaniko/app/dist/bin/executor.js'), 'version')
  } catch (error) {
    throw refused({
      message: 'The Node of the image does not work',
      where: root,
      why: messageOf(error),
      fix: 'Use the libraries of Debian 12 (DEBIAN_IMAGE) and the packages of package-lock.json.',
    })
  }
}
