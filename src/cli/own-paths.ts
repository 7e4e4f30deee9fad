import { resolve } from 'node:path'
import type { OwnPath } from '../context/own-paths.ts'
import { isWebAddress } from '../dockerfile/web-address.ts'
import { isGit } from '../git/address.ts'
import { isInLayout } from '../oci/reference.ts'
import type { ExecutorOptions } from './executor-options.ts'

/** The files and directories that a build writes, apart from those that name digests: a context must not copy them. */
export function ownPaths(options: ExecutorOptions, workDir: string): readonly OwnPath[] {
  const { cache, cacheDir, cachePlaces, ociLayoutPath, tarPath, environment } = options
  const layouts = cache ? cachePlaces.remotes.filter(({ name }) => name.startsWith('oci:')) : []
  const named: readonly (readonly [title: string, path: string | undefined])[] = [
    ['The cache directory', cache ? cacheDir : undefined],
    ...layouts.map(({ name }) => ['The cache repository', name.slice('oci:'.length)] as const),
    ['The image layout', ociLayoutPath],
    ['The archive', tarPath],
  ]
  const given = named.flatMap(([title, path]) => {
    return path === undefined ? [] : [{ title, path: resolve(environment.cwd, path) }]
  })
  return [{ title: 'The work directory', path: workDir }, ...given]
}

/** Where files and layouts that --build-context names lie on this machine. */
export function contextPaths({ buildContexts }: Pick<ExecutorOptions, 'buildContexts'>): readonly string[] {
  return [...buildContexts.values()].flatMap((context) => {
    if (context.kind === 'files') return isWebAddress(context.place) || isGit(context.place) ? [] : [context.place]
    return context.kind === 'image' && isInLayout(context.reference) ? [context.reference.layout] : []
  })
}
