import { existsSync } from 'node:fs'
import { join, relative } from 'node:path'
import type { Environment } from './environment.ts'
import type { ExecutorOptions } from './executor-options.ts'

/** Where hearth's image has everything of its own. */
export const ownDirectory = '/kaniko'

/**
 * The environment with the registry credentials of --kaniko-dir, should there be any and the others not be named
 * elsewhere: who moved kaniko's directory has put them there.
 */
export function withConfigOf({ environment, kanikoDir }: ExecutorOptions): Environment {
  const path = relative(ownDirectory, environment.dockerConfigPath)
  if (kanikoDir === undefined || path.startsWith('..')) return environment
  const moved = join(kanikoDir, path)
  return existsSync(moved) ? { ...environment, dockerConfigPath: moved } : environment
}
